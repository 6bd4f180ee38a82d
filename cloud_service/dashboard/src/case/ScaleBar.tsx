import { lengthInWords, scaleBar } from "./barLength.ts";

/** A line that is so long on the slide; nothing where the size of the image's pixels is not known. */
export function ScaleBar({ micrometresPerPixel, scale }: { micrometresPerPixel: number | null; scale: number }) {
  const bar = micrometresPerPixel === null ? null : scaleBar(micrometresPerPixel, scale, window.devicePixelRatio);
  if (bar === null) {
    return null;
  }
  const words = lengthInWords(bar.micrometres);
  return (
    <div className="scale-bar" role="img" aria-label={`Scale bar: ${words}`}>
      <svg width={bar.width} height="8" aria-hidden="true">
        <path d={`M1 0V7H${String(bar.width - 1)}V0`} />
      </svg>
      {words}
    </div>
  );
}
