import { useMutation } from "@tanstack/react-query";
import { Pause, Play } from "lucide-react";

import type { DeviceSummary } from "../../api.gen.ts";
import { type NotTaken, notTaken } from "../../notTaken.ts";
import { Refusal } from "../DialogForm.tsx";
import { plural, room } from "../figures.ts";
import { RowMenu } from "../RowMenu.tsx";
import { StateSign } from "../StateSign.tsx";
import { useNow } from "../useNow.ts";
import { When } from "../When.tsx";
import { orderDevice } from "./api.ts";
import type { Deed } from "./DevicesPage.tsx";
import { clock, hasLittleRoom, isToBePaused, order, standing } from "./deviceWords.ts";

interface Props {
  devices: readonly DeviceSummary[];
  isManager: boolean;
  onChoose: (deed: Deed) => void;
}

/** Devices by site and name. */
export function DeviceTable({ devices, isManager, onChoose }: Props) {
  const now = useNow();
  return (
    <table className="plain stacking">
      <caption className="visually-hidden">Devices</caption>
      <thead>
        <tr>
          <th scope="col">Device</th>
          <th scope="col">State</th>
          <th scope="col">Last seen</th>
          <th scope="col">Outbox</th>
          <th scope="col">Free disk</th>
          <th scope="col">Clock</th>
          <th scope="col">Agent</th>
          {isManager && (
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {devices.map((device) => (
          <tr key={device.id} data-device={device.id}>
            <th scope="row">
              {device.id} <span className="quiet">{device.site_id}</span>
            </th>
            <td data-name="State">
              <State device={device} now={now} />
            </td>
            <td data-name="Last seen">
              <When moment={device.last_seen_at} now={now} />
            </td>
            <td data-name="Outbox">
              <Outbox device={device} />
            </td>
            <td data-name="Free disk">
              <Disk free={device.free_disk_bytes} />
            </td>
            <td data-name="Clock">
              <Clock device={device} />
            </td>
            <td data-name="Agent">{device.agent_version ?? <Unknown />}</td>
            {isManager && (
              <td className="row-actions">
                <Actions device={device} onChoose={onChoose} />
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function State({ device, now }: { device: DeviceSummary; now: Date }) {
  const underWay = order(device);
  return (
    <div className="signs">
      <StateSign {...standing(device)}>
        {device.disabled_at !== null && (
          <>
            {" "}
            <When moment={device.disabled_at} now={now} />
          </>
        )}
      </StateSign>
      {underWay !== null && <StateSign {...underWay} />}
    </div>
  );
}

function Outbox({ device }: { device: DeviceSummary }) {
  const { outbox_depth, parked } = device;
  if (outbox_depth === null) {
    return <Unknown />;
  }
  return (
    <div className="signs">
      {outbox_depth === 0 ? "empty" : plural(outbox_depth, "capture")}
      {parked !== null && parked > 0 && <StateSign kind="trouble" words={`${String(parked)} parked for a person`} />}
      <Refused files={notTaken(device)} />
    </div>
  );
}

/** Which files they are, and why in full, never leaves the workstation. */
function Refused({ files }: { files: NotTaken | null }) {
  return (
    files !== null && (
      <>
        <StateSign kind="trouble" words={files.words} />
        <p className="quiet next-steps">
          {files.next.join(" ")} At the workstation <code>smearflow-edge status</code> names them, and{" "}
          <code>smearflow-edge outbox retry --refused</code> has all of them looked at again.
        </p>
      </>
    )
  );
}

function Disk({ free }: { free: number | null }) {
  if (free === null) {
    return <Unknown />;
  }
  return hasLittleRoom(free) ? <StateSign kind="trouble" words={`${room(free)}: little room`} /> : room(free);
}

function Clock({ device }: { device: DeviceSummary }) {
  const found = clock(device.clock_skew_seconds);
  if (found === null) {
    return <Unknown />;
  }
  return found.kind === "trouble" ? <StateSign {...found} /> : found.words;
}

/** What the device has not said yet. */
function Unknown() {
  return <span className="quiet">not known</span>;
}

function Actions({ device, onChoose }: { device: DeviceSummary; onChoose: (deed: Deed) => void }) {
  const ordering = useMutation({ mutationFn: (action: "pause" | "resume" | "reannounce" | "reload") => orderDevice(device.id, action) });
  const isShutOut = device.disabled_at !== null;
  const isPaused = isToBePaused(device);
  const tell = (action: "reannounce" | "reload") => () => {
    ordering.mutate(action);
  };
  return (
    <>
      <div className="row-buttons">
        {!isShutOut && (
          <button
            type="button"
            disabled={ordering.isPending}
            aria-label={isPaused ? `Resume ${device.id}` : `Pause ${device.id}`}
            onClick={() => {
              ordering.mutate(isPaused ? "resume" : "pause");
            }}
          >
            {isPaused ? <Play aria-hidden="true" /> : <Pause aria-hidden="true" />} {isPaused ? "Resume" : "Pause"}
          </button>
        )}
        <RowMenu
          name={device.id}
          deeds={[
            ...(isShutOut
              ? []
              : [
                  { name: "Announce what waits again", onChoose: tell("reannounce") },
                  { name: "Reload its settings", onChoose: tell("reload") },
                ]),
            {
              name: "Enrol anew…",
              onChoose: () => {
                onChoose({ what: "enrol-anew", device });
              },
            },
            ...(isShutOut
              ? []
              : [
                  {
                    name: "Shut out…",
                    isDestructive: true,
                    onChoose: () => {
                      onChoose({ what: "shut-out", device });
                    },
                  },
                ]),
          ]}
        />
      </div>
      <Refusal error={ordering.error} />
    </>
  );
}
