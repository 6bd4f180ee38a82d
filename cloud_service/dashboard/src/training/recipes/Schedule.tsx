import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { DialogForm } from "../../admin/DialogForm.tsx";
import type { ScheduleView } from "../../api.gen.ts";
import { setSchedule } from "./api.ts";
import { NumberField } from "./NumberField.tsx";

const A_MONTH = 30;
const A_YEAR = 366;

/** How often a recipe is trained by itself. */
export function Schedule({ name, schedule, onClose }: { name: string; schedule: ScheduleView | null; onClose: () => void }) {
  const [days, setDays] = useState(schedule?.every_days ?? A_MONTH);
  const setting = useMutation({ mutationFn: () => setSchedule(name, days), onSuccess: onClose });
  return (
    <DialogForm title={`Train ${name} by itself`} action="Set the schedule" doing="Setting…" deed={setting} onClose={onClose}>
      <p className="quiet">
        Each time it is trained with the images of all cases that are signed by then. What comes out is a candidate: nothing comes
        into service by itself.
      </p>
      <NumberField label="Every so many days" help="For the first time after so many." value={days} min={1} max={A_YEAR} onChange={setDays} />
    </DialogForm>
  );
}
