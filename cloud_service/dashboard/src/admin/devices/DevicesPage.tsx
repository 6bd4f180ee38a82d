import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";

import type { DeviceSummary } from "../../api.gen.ts";
import { may, useMe } from "../../session/me.ts";
import { AdminPage } from "../AdminPage.tsx";
import { Asked } from "../Asked.tsx";
import { Confirm } from "../Confirm.tsx";
import { shutOut, watchedDevicesQuery } from "./api.ts";
import { DeviceTable } from "./DeviceTable.tsx";
import { EnrolDevice } from "./EnrolDevice.tsx";
import { OpenCodes } from "./OpenCodes.tsx";

/** What is being done, and with which device. */
export type Deed = { what: "enrol" } | { what: "enrol-anew" | "shut-out"; device: DeviceSummary };

/** The microscope workstations: whether they are there, what they hold, and what they were told. */
export function DevicesPage() {
  const devices = useQuery(watchedDevicesQuery);
  const isManager = may(useMe(), "manage-devices");
  const [deed, setDeed] = useState<Deed | null>(null);
  const close = () => {
    setDeed(null);
  };
  return (
    <AdminPage
      title="Devices"
      about="The microscope workstations, and what each of them last said of itself."
      actions={
        isManager && (
          <button
            type="button"
            className="primary"
            onClick={() => {
              setDeed({ what: "enrol" });
            }}
          >
            <Plus aria-hidden="true" /> Enrol a device
          </button>
        )
      }
    >
      <Asked query={devices} what="devices">
        {(found) =>
          found.length === 0 ? (
            <div className="nothing">
              <h2>No device yet</h2>
              <p className="quiet">Enrol one: it fetches its credentials with a code that you are shown once.</p>
            </div>
          ) : (
            <DeviceTable devices={found} isManager={isManager} onChoose={setDeed} />
          )
        }
      </Asked>
      {isManager && <OpenCodes />}
      {deed !== null && deed.what !== "shut-out" && (
        <EnrolDevice
          sites={[...new Set((devices.data ?? []).map(({ site_id }) => site_id))].sort()}
          again={deed.what === "enrol" ? null : { site: deed.device.site_id, device: deed.device.id }}
          onClose={close}
        />
      )}
      {deed?.what === "shut-out" && <ShutOut device={deed.device} onClose={close} />}
    </AdminPage>
  );
}

function ShutOut({ device, onClose }: { device: DeviceSummary; onClose: () => void }) {
  return (
    <Confirm
      title={`Shut ${device.id} out?`}
      action="Shut out"
      doing="Shutting out…"
      isDestructive
      act={() => shutOut(device)}
      onClose={onClose}
    >
      <p>
        The broker lets <strong>{device.id}</strong> in no more, at once. What it sent stays, and what waits in its outbox
        stays there. Enrolling it anew takes this back.
      </p>
    </Confirm>
  );
}
