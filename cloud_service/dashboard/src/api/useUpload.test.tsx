import { QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, test, vi } from "vitest";

import { queryClient } from "./queries.ts";
import type { Sent } from "./upload.ts";
import { useUpload } from "./useUpload.ts";

const FILE = new File(["0123456789"], "model.zip");

afterEach(() => {
  cleanup();
  queryClient.clear();
});

function Around({ children }: { children: ReactNode }) {
  return <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>;
}

/** What a server will answer. */
function later<Answer>() {
  let resolve: (answer: Answer) => void = vi.fn();
  let reject: (error: Error) => void = vi.fn();
  const promise = new Promise<Answer>((...ways) => {
    [resolve, reject] = ways;
  });
  return { promise, resolve, reject };
}

/** A file on its way, and what the server and the form see of it. */
async function onItsWay() {
  const answer = later<number>();
  const send = vi.fn<(file: File, onSent: (sent: Sent) => void, signal: AbortSignal) => Promise<number>>(() => answer.promise);
  const onSuccess = vi.fn();
  const form = renderHook(() => useUpload({ send, onSuccess }), { wrapper: Around });
  act(() => {
    form.result.current.choose([FILE] as unknown as FileList);
  });
  act(() => {
    form.result.current.deed.mutate();
  });
  await vi.waitFor(() => {
    expect(send).toHaveBeenCalledOnce();
  });
  const [call] = send.mock.calls;
  if (call === undefined) {
    throw new Error("nothing was sent");
  }
  const [file, onSent, signal] = call;
  return { form, answer, onSuccess, file, onSent, signal };
}

test("a file's way is told until the server has answered", async () => {
  const { form, answer, onSuccess, file, onSent } = await onItsWay();
  expect(file).toBe(FILE);
  act(() => {
    onSent({ bytes: 4, total: 10 });
  });
  expect(form.result.current.sent).toEqual({ bytes: 4, total: 10 });

  await act(async () => {
    answer.resolve(7);
    await answer.promise;
  });
  expect(onSuccess).toHaveBeenCalledExactlyOnceWith(7);
  expect(form.result.current.sent).toBeNull();
});

test("a form that is closed ends the sending, and goes nowhere after it", async () => {
  const { form, answer, onSuccess, signal } = await onItsWay();
  expect(signal.aborted).toBe(false);
  form.unmount();
  expect(signal.aborted).toBe(true);

  answer.resolve(7);
  await answer.promise;
  await vi.waitFor(() => {
    expect(queryClient.isMutating()).toBe(0);
  });
  expect(onSuccess).not.toHaveBeenCalled();
});

test("another file ends the sending of the one before, without a fault", async () => {
  const { form, answer, signal } = await onItsWay();
  act(() => {
    form.result.current.choose(null);
  });
  expect(signal.aborted).toBe(true);
  await act(async () => {
    answer.reject(new DOMException("The upload was ended.", "AbortError"));
    await Promise.allSettled([answer.promise]);
  });

  expect(form.result.current.deed).toMatchObject({ isPending: false, error: null });
});
