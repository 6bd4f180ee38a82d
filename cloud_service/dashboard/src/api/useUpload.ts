import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import type { Sent } from "./upload.ts";

interface Wanted<Answer> {
  /** Sends the file; ends where the signal says so. */
  send: (file: File, onSent: (sent: Sent) => void, signal: AbortSignal) => Promise<Answer>;
  onSuccess: (answer: Answer) => unknown;
}

/** A form's file and its way to the server. To choose another file, or to close the form, ends the sending. */
export function useUpload<Answer>({ send, onSuccess }: Wanted<Answer>) {
  const [file, setFile] = useState<File | null>(null);
  const [sent, setSent] = useState<Sent | null>(null);
  const ending = useRef<AbortController | null>(null);
  useEffect(
    () => () => {
      ending.current?.abort();
    },
    [],
  );
  const deed = useMutation({
    mutationFn: () => {
      if (file === null) {
        throw new Error("Choose a file first.");
      }
      ending.current = new AbortController();
      return send(file, setSent, ending.current.signal);
    },
    onSuccess: (answer) => {
      // The file may be there already while its form is closed; nobody waits for the answer then.
      return ending.current?.signal.aborted === true ? undefined : onSuccess(answer);
    },
    onSettled: () => {
      setSent(null);
    },
  });
  const choose = (files: FileList | null) => {
    ending.current?.abort();
    deed.reset();
    setFile(files?.[0] ?? null);
  };
  return { file, choose, sent, deed: { ...deed, endsWithForm: true } };
}
