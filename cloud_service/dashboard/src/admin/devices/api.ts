import { queryOptions } from "@tanstack/react-query";

import { answer, api } from "../../api/client.ts";
import type { CommandAction, DeviceSummary, EnrolmentCodeView, NewEnrolmentCode } from "../../api.gen.ts";
import { keys, loadAnew, queryClient } from "../../api/queries.ts";

/** Asked for again whenever an event tells of a device. */
export const devicesQuery = queryOptions({
  queryKey: keys.devices,
  queryFn: () => answer(api.GET("/api/v1/devices")),
});

/** When a device was last seen, its free disk and its clock raise no event, so they are asked for now and then. */
export const watchedDevicesQuery = queryOptions({ ...devicesQuery, refetchInterval: 15_000 });

/** Orders a device to do something; it confirms it in its own time. */
export async function orderDevice(id: string, action: CommandAction): Promise<void> {
  await api.POST("/api/v1/devices/{device_id}/commands", { params: { path: { device_id: id } }, body: { action } });
  await loadAnew(keys.devices);
}

/** The codes that can still be used; asked for again with the devices, since one that was used has made a device. */
export const openCodesQuery = queryOptions({
  queryKey: [...keys.devices, "codes"] as const,
  queryFn: () => answer(api.GET("/api/v1/devices/enrolment-codes")),
  staleTime: 0,
});

/** Makes a code by which a workstation fetches its credentials; told this once. */
export async function makeEnrolmentCode(body: NewEnrolmentCode): Promise<EnrolmentCodeView> {
  const made = await answer(api.POST("/api/v1/devices/enrolment-codes", { body }));
  // Whoever made it sees it at once, whether or not the list comes.
  void queryClient.invalidateQueries(openCodesQuery);
  return made;
}

/** Lets the code that was made for a device enrol nothing any more. */
export async function withdrawCode(device: string): Promise<void> {
  try {
    await api.DELETE("/api/v1/devices/{device_id}/enrolment-code", { params: { path: { device_id: device } } });
  } finally {
    // Refused, it was used or has expired meanwhile: either way the list is another one.
    void queryClient.invalidateQueries(openCodesQuery);
  }
}

/** Shuts a device out of the broker; what it sent stays. */
export async function shutOut({ id }: DeviceSummary): Promise<void> {
  await api.DELETE("/api/v1/devices/{device_id}", { params: { path: { device_id: id } } });
  void queryClient.invalidateQueries({ queryKey: keys.devices });
}
