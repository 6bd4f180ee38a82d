import type { DeviceSummary } from "../api.gen.ts";
import { notTaken } from "../notTaken.ts";
import { fullTime } from "../words.ts";

/** The microscope workstations and what they last said of themselves. */
export function Devices({ devices }: { devices: readonly DeviceSummary[] | undefined }) {
  if (devices === undefined) {
    return null;
  }
  if (devices.length === 0) {
    return (
      <p className="quiet">
        No device is enrolled yet: <code>smearflow device add</code>.
      </p>
    );
  }
  return (
    <ul className="devices" aria-label="Devices">
      {devices.map((device) => (
        <li key={device.id} className={`device ${device.presence}`} title={lastSeen(device)}>
          <span className="presence">
            <span aria-hidden="true">{device.presence === "online" ? "●" : "○"}</span> {device.presence}
          </span>
          <strong>{device.id}</strong>
          <span className="quiet">{device.site_id}</span>
          {notes(device).map((note) => (
            <span key={note} className="note">
              {note}
            </span>
          ))}
        </li>
      ))}
    </ul>
  );
}

function lastSeen(device: DeviceSummary): string {
  return device.last_seen_at === null ? "never seen" : `last seen ${fullTime(device.last_seen_at)}`;
}

const SKEW_WORTH_A_WORD_SECONDS = 60;

function notes(device: DeviceSummary): string[] {
  const found = [`${String(device.outbox_depth ?? 0)} in outbox`];
  if (device.parked) {
    found.push(`${String(device.parked)} parked for a person`);
  }
  const refused = notTaken(device);
  if (refused !== null) {
    found.push(refused.words);
  }
  if (device.paused) {
    found.push("paused");
  }
  if (Math.abs(device.clock_skew_seconds ?? 0) > SKEW_WORTH_A_WORD_SECONDS) {
    found.push("clock is wrong");
  }
  if (device.disabled_at !== null) {
    found.push("disabled");
  }
  return found;
}
