export interface Bar {
  /** Length on the slide. */
  readonly micrometres: number;
  /** Length on the screen, CSS pixels. */
  readonly width: number;
}

const WIDEST = 160;
const STEPS = [5, 2, 1];

/**
 * The longest bar of 1, 2 or 5 times a power of ten micrometres that fits on the screen.
 *
 * @param micrometresPerPixel side of one pixel of the image on the slide
 * @param scale screen pixels for one pixel of the image
 * @param pixelRatio screen pixels for one CSS pixel
 */
export function scaleBar(micrometresPerPixel: number, scale: number, pixelRatio: number): Bar | null {
  const perMicrometre = scale / micrometresPerPixel / pixelRatio;
  if (!(perMicrometre > 0 && Number.isFinite(perMicrometre))) {
    return null;
  }
  const power = 10 ** Math.floor(Math.log10(WIDEST / perMicrometre));
  const steps = STEPS.find((step) => step * power * perMicrometre <= WIDEST) ?? 1;
  const micrometres = Number((steps * power).toPrecision(1));
  return { micrometres, width: micrometres * perMicrometre };
}

export function lengthInWords(micrometres: number): string {
  return micrometres < 1000 ? `${String(micrometres)} µm` : `${String(micrometres / 1000)} mm`;
}
