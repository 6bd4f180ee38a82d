import { Brain, Maximize, Minus, Plus } from "lucide-react";
import { type KeyboardEvent as ReactKeyboardEvent, useEffect, useEffectEvent, useRef, useState } from "react";

import { imageUrl } from "../api/client.ts";
import type { CaptureSummary } from "../api.gen.ts";
import { useShortcut } from "../shortcuts/useShortcut.ts";
import { DeepZoom, isCopyOnly } from "./deepZoom.ts";
import { Key } from "./Key.tsx";
import { ScaleBar } from "./ScaleBar.tsx";

interface Props {
  image: CaptureSummary;
  /** The image can be seen. */
  onShown: (id: string) => void;
  /** The image cannot be seen, and the page says so. */
  onFailed: (id: string) => void;
}

const GROUP = "Image";
const FIRST_OPACITY = 0.6;
const ARROWS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** One image in all its detail. The map of attention is off again with every image: the first look is the reader's own. */
export function Viewer({ image, onShown, onFailed }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const zoom = useRef<DeepZoom | null>(null);
  const [scale, setScale] = useState(0);
  const [seen, setSeen] = useState<string | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const [attention, setAttention] = useState<{ id: string; on: boolean; fault: string | null } | null>(null);
  const [opacity, setOpacity] = useState(FIRST_OPACITY);
  const mine = attention?.id === image.id ? attention : null;
  const isOn = mine?.on === true && mine.fault === null;

  const shown = useEffectEvent((id: string) => {
    setFailed(null);
    setSeen(id);
    onShown(id);
  });
  const cannotShow = useEffectEvent((id: string) => {
    setFailed(id);
    onFailed(id);
  });
  useEffect(() => {
    if (frame.current === null) {
      return undefined;
    }
    const made = new DeepZoom(frame.current, {
      onShown: (id) => {
        shown(id);
      },
      onFailed: (id) => {
        cannotShow(id);
      },
      onAttentionFailed: (id, fault) => {
        setAttention({ id, on: true, fault });
      },
      onZoom: setScale,
    });
    zoom.current = made;
    return () => {
      made.destroy();
      zoom.current = null;
    };
  }, []);
  useEffect(() => {
    zoom.current?.show(image);
  }, [image]);
  useEffect(() => {
    zoom.current?.setAttention(isOn ? opacity : null);
  }, [image.id, isOn, opacity]);

  const toggleAttention = () => {
    setAttention({ id: image.id, on: !(mine?.on ?? false), fault: null });
  };
  const fade = (by: number) => {
    setOpacity((now) => Math.min(1, Math.max(0.1, Math.round(10 * (now + by)) / 10)));
  };
  useShortcut({ id: "case.attention", words: "Show the model’s attention, or hide it", group: GROUP, key: "h" }, toggleAttention);
  useShortcut({ id: "case.fainter", words: "Attention fainter", group: GROUP, key: "[", repeats: true }, () => {
    fade(-0.1);
  });
  useShortcut({ id: "case.stronger", words: "Attention stronger", group: GROUP, key: "]", repeats: true }, () => {
    fade(0.1);
  });
  useShortcut({ id: "case.one-to-one", words: "Image pixels one to one, or all of the image", group: GROUP, key: "z" }, () => {
    zoom.current?.toggleOneToOne();
  });
  useShortcut({ id: "case.zoom-in", words: "Larger", group: GROUP, key: "+", repeats: true }, () => {
    zoom.current?.zoomBy(1);
  });
  useShortcut({ id: "case.zoom-out", words: "Smaller", group: GROUP, key: "-", repeats: true }, () => {
    zoom.current?.zoomBy(-1);
  });
  const showAgain = () => {
    setFailed(null);
    zoom.current?.showAgain();
  };
  const pan = (event: ReactKeyboardEvent) => {
    const step = ARROWS[event.key];
    if (step !== undefined) {
      event.preventDefault();
      zoom.current?.panBy(...step);
    }
  };

  return (
    <section className="viewer" aria-label="Image" aria-busy={seen !== image.id && failed !== image.id}>
      <div ref={frame} className="viewer-frame" onKeyDown={pan} />
      {seen === image.id && <ScaleBar micrometresPerPixel={image.micrometres_per_pixel} scale={scale} />}
      {seen !== image.id && failed !== image.id && <p className="viewer-loading quiet">Loading the image…</p>}
      {failed === image.id && <CannotShow image={image} onAgain={showAgain} onOpened={onShown} />}
      {mine?.fault != null && (
        <p role="alert" className="viewer-note">
          <span aria-hidden="true">! </span>No map of attention: {mine.fault}
        </p>
      )}
      <div className="viewer-tools" role="toolbar" aria-label="Image tools">
        <button type="button" className="icon-button" aria-label="Smaller" onClick={() => zoom.current?.zoomBy(-1)}>
          <Minus aria-hidden="true" />
        </button>
        <output className="viewer-scale" aria-label="Scale">{scale > 0 ? `${(100 * scale).toFixed(0)} %` : "–"}</output>
        <button type="button" className="icon-button" aria-label="Larger" onClick={() => zoom.current?.zoomBy(1)}>
          <Plus aria-hidden="true" />
        </button>
        <button type="button" onClick={() => zoom.current?.toggleOneToOne()}>
          <Maximize aria-hidden="true" /> 1:1 / all <Key of="case.one-to-one" />
        </button>
        <span className="viewer-gap" />
        <button type="button" aria-pressed={mine?.on ?? false} onClick={toggleAttention}>
          <Brain aria-hidden="true" /> Attention <Key of="case.attention" />
        </button>
        {isOn && (
          <label className="viewer-opacity">
            <span className="visually-hidden">How strong the map is</span>
            <input
              type="range"
              min={10}
              max={100}
              step={10}
              value={Math.round(100 * opacity)}
              onChange={(event) => {
                setOpacity(Number(event.target.value) / 100);
              }}
            />
          </label>
        )}
      </div>
      {isOn && (
        <p className="viewer-note">
          Where the model looked: <strong>attention, not proof.</strong> Bright places moved its answer; they are no outline of
          cells.
        </p>
      )}
      {isCopyOnly(image) && failed !== image.id && (
        <p className="viewer-note">
          Browsers draw no {image.media_type.replace("image/", "").toUpperCase()}: this is a copy of 1280 pixels at most.{" "}
          <a href={imageUrl(image.id)} download>
            Fetch the stored file
          </a>
        </p>
      )}
    </section>
  );
}

/** Stands in the place of an image that the browser cannot show. */
function CannotShow({ image, onAgain, onOpened }: { image: CaptureSummary; onAgain: () => void; onOpened: (id: string) => void }) {
  return (
    <div role="alert" className="viewer-failed">
      <h3>This image cannot be shown here</h3>
      <p>
        It is stored safely ({image.media_type}, {image.width} × {image.height}), but the browser could not draw it, or the
        server could not be reached. Try again, or look at the stored file with another program; if it cannot be judged, say
        “Not evaluable”.
      </p>
      <p className="buttons">
        <button type="button" onClick={onAgain}>
          Try again
        </button>
        <a
          className="button"
          href={imageUrl(image.id)}
          target="_blank"
          rel="noreferrer"
          onClick={() => {
            onOpened(image.id);
          }}
        >
          Open the stored file
        </a>
      </p>
    </div>
  );
}
