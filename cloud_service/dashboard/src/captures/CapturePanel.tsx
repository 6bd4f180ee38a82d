import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";

import { plural } from "../admin/figures.ts";
import { answer, api, imageUrl } from "../api/client.ts";
import { keys } from "../api/queries.ts";
import type { CaptureDetail } from "../api.gen.ts";
import { hasImage, Quality, State } from "./CaptureTable.tsx";
import { CustodyTrail } from "./CustodyTrail.tsx";
import { Finding } from "./Finding.tsx";
import { RetryButton } from "./RetryButton.tsx";
import { bytes } from "../words.ts";

interface Props {
  id: string;
  onClose: () => void;
}

/** All that is known of one capture. */
export function CapturePanel({ id, onClose }: Props) {
  const { data: detail, error } = useQuery({
    queryKey: keys.capture(id),
    queryFn: () => answer(api.GET("/api/v1/captures/{capture_id}", { params: { path: { capture_id: id } } })),
  });
  const heading = useRef<HTMLHeadingElement>(null);

  const close = useCallback(() => {
    document.querySelector<HTMLElement>(`[data-capture="${id}"] .open`)?.focus();
    onClose();
  }, [id, onClose]);

  useEffect(() => {
    heading.current?.focus();
  }, []);
  useEffect(() => {
    const closeOnEscape = (event: KeyboardEvent) => {
      if (event.key === "Escape") {
        close();
      }
    };
    document.addEventListener("keydown", closeOnEscape);
    return () => {
      document.removeEventListener("keydown", closeOnEscape);
    };
  }, [close]);

  return (
    <aside className="panel card" aria-label="Capture">
      <div className="panel-top">
        <h2 ref={heading} tabIndex={-1}>
          <bdi>{detail?.smear ?? "Capture"}</bdi>
        </h2>
        <button type="button" onClick={close} aria-label="Close" title="Close (Esc)">
          ×
        </button>
      </div>
      {error !== null && (
        <p role="alert" className="fault">
          {error.message}
        </p>
      )}
      {detail !== undefined && <Detail detail={detail} />}
    </aside>
  );
}

function Detail({ detail }: { detail: CaptureDetail }) {
  return (
    <>
      {hasImage(detail) && (
        <a href={imageUrl(detail.id)} target="_blank" rel="noreferrer" title="Open at full size">
          <img className="image" src={imageUrl(detail.id)} alt="The capture" width={detail.width} height={detail.height} />
        </a>
      )}
      <p className="badges">
        <State capture={detail} /> <Quality capture={detail} />
      </p>
      {detail.quality_reasons.length > 0 && (
        <ul className="quality-reasons">
          {detail.quality_reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      <h3>{detail.reason === null ? "Preliminary finding" : "Why there is no finding"}</h3>
      <Finding capture={detail} />
      {detail.state === "failed" && <RetryButton id={detail.id} />}
      {detail.prediction !== null && (
        <p className="quiet">
          by {detail.prediction.model_name} {detail.prediction.model_version} (
          <code title={detail.prediction.model_digest}>{detail.prediction.model_digest.slice(0, 8)}</code>)
        </p>
      )}
      <h3>Custody trail</h3>
      <CustodyTrail capture={detail} />
      <Deliveries detail={detail} />
      <h3>Particulars</h3>
      <Particulars detail={detail} />
    </>
  );
}

function Deliveries({ detail }: { detail: CaptureDetail }) {
  const waiting = detail.deliveries.filter((delivery) => delivery.acknowledged_at === null);
  if (waiting.length === 0) {
    return null;
  }
  return (
    <p className="quiet">
      The device has not shown the result yet; sent{" "}
      {plural(waiting.reduce((sum, { attempts }) => sum + attempts, 0), "time")}.
    </p>
  );
}

function Particulars({ detail }: { detail: CaptureDetail }) {
  const particulars: [string, string | null][] = [
    ["Site / device", `${detail.site} / ${detail.device}`],
    ["Case pseudonym", detail.case],
    ["Specimen", detail.specimen],
    ["Stain", detail.stain],
    ["Image", `${String(detail.width)} × ${String(detail.height)}, ${bytes(detail.byte_size)}, ${detail.media_type}`],
    ["SHA-256", detail.sha256],
    ["Capture id", detail.id],
  ];
  return (
    <dl>
      {particulars.map(
        ([name, value]) =>
          value !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <bdi>{value}</bdi>
              </dd>
            </div>
          ),
      )}
    </dl>
  );
}
