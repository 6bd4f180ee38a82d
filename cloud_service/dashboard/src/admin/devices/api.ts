import { queryOptions } from "@tanstack/react-query";

import { answer, api } from "../../api/client.ts";
import type { CommandAction, DeviceSummary, EnrolmentCodeView, NewEnrolmentCode } from "../../api.gen.ts";
import { keys, queryClient } from "../../api/queries.ts";

/** Asked for again whenever an event tells of a device. */
export const devicesQuery = queryOptions({
  queryKey: keys.devices,
  queryFn: () => answer(api.GET("/api/v1/devices")),
});

/** Orders a device to do something; it confirms it in its own time. */
export async function orderDevice(id: string, action: CommandAction): Promise<void> {
  await api.POST("/api/v1/devices/{device_id}/commands", { params: { path: { device_id: id } }, body: { action } });
  await queryClient.invalidateQueries({ queryKey: keys.devices });
}

/** Makes a code by which a workstation fetches its credentials; told this once. */
export async function makeEnrolmentCode(body: NewEnrolmentCode): Promise<EnrolmentCodeView> {
  return answer(api.POST("/api/v1/devices/enrolment-codes", { body }));
}

/** Shuts a device out of the broker; what it sent stays. */
export async function shutOut({ id }: DeviceSummary): Promise<void> {
  await api.DELETE("/api/v1/devices/{device_id}", { params: { path: { device_id: id } } });
  await queryClient.invalidateQueries({ queryKey: keys.devices });
}
