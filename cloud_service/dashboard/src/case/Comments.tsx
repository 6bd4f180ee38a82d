import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { answer, api } from "../api/client.ts";
import { wordsOf } from "../api/problem.ts";
import type { CommentView } from "../api.gen.ts";
import { may, useMe } from "../session/me.ts";
import { shortTime } from "../words.ts";
import { TextField } from "./TextField.tsx";
import { patchCase } from "./useCase.ts";

interface Props {
  caseId: string;
  comments: readonly CommentView[];
}

/** What people wrote to each other about the case. A comment that is not sent yet stays in this browser. */
export function Comments({ caseId, comments }: Props) {
  const me = useMe();
  const [text, setText] = useKept(`smearflow.comment.${me.user}.${caseId}`);
  const sending = useMutation({
    mutationFn: (words: string) =>
      answer(
        api.POST("/api/v1/cases/{case_id}/comments", { params: { path: { case_id: caseId } }, body: { text: words } }),
      ),
    onSuccess: (added) => {
      patchCase(caseId, (detail) =>
        detail.comments.some(({ id }) => id === added.id) ? detail : { ...detail, comments: [...detail.comments, added] },
      );
      setText("");
    },
  });
  return (
    <details className="panel-section folded" open={comments.length > 0 || text !== ""}>
      <summary>
        <h2>Comments ({comments.length})</h2>
      </summary>
      <ol className="comments" aria-label="Comments">
        {comments.map(({ id, author, text: words, created_at }) => (
          <li key={id}>
            <p className="small-text quiet">
              <bdi>{author}</bdi>, <time dateTime={created_at}>{shortTime(created_at)}</time>
            </p>
            <p className="comment-text" dir="auto">
              {words}
            </p>
          </li>
        ))}
      </ol>
      {may(me, "read-cases") && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (text.trim() !== "") {
              sending.mutate(text);
            }
          }}
        >
          <TextField label="New comment" value={text} most={4000} disabled={sending.isPending} onType={setText} />
          {sending.error !== null && (
            <p role="alert" className="fault small-text">
              {wordsOf(sending.error)}
            </p>
          )}
          <button type="submit" disabled={sending.isPending || text.trim() === ""}>
            Comment
          </button>
        </form>
      )}
    </details>
  );
}

/** A text that outlives the page in this browser until it is emptied. */
function useKept(key: string): [string, (text: string) => void] {
  const [text, setText] = useState(() => {
    try {
      return localStorage.getItem(key) ?? "";
    } catch {
      return "";
    }
  });
  return [
    text,
    (now) => {
      setText(now);
      try {
        if (now === "") {
          localStorage.removeItem(key);
        } else {
          localStorage.setItem(key, now);
        }
      } catch {
        // A browser that keeps nothing holds the text as long as the page.
      }
    },
  ];
}
