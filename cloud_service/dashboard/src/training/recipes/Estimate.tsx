import { useQuery } from "@tanstack/react-query";
import { Clock } from "lucide-react";
import { useEffect, useState } from "react";

import { duration, plural } from "../../admin/figures.ts";
import { wordsOf } from "../../api/problem.ts";
import type { RecipeDraft } from "../../api.gen.ts";
import { estimateQuery } from "./api.ts";

const SETTLED_MS = 300;

/** What a training would take, asked for anew when the form has stood still for a moment. */
export function Estimate({ draft }: { draft: RecipeDraft | null }) {
  const settled = useSettled(draft);
  return (
    <section className="card training-box estimate" aria-labelledby="estimate">
      <h2 id="estimate">What it would take</h2>
      <div role="status">
        {settled === null ? <p className="quiet">Choose data sets and leave no number empty, and the estimate stands here.</p> : <Asked draft={settled} />}
      </div>
    </section>
  );
}

function Asked({ draft }: { draft: RecipeDraft }) {
  const { data, error, isPlaceholderData } = useQuery(estimateQuery(draft));
  if (error !== null) {
    return <p className="fault">{wordsOf(error)}</p>;
  }
  if (data === undefined) {
    return <p className="quiet">Working it out…</p>;
  }
  return (
    <div className={isPlaceholderData ? "quiet" : undefined}>
      <p className="figure with-icon">
        <Clock aria-hidden="true" /> about {duration(data.seconds)}
      </p>
      <p>{data.words}</p>
      <p className="quiet">
        {plural(data.images, "image")} in all. {data.is_measured ? "" : "It becomes more exact once something was trained here. "}
        Early stopping may end it sooner. Captures go first, so a busy day makes it longer.
      </p>
    </div>
  );
}

function useSettled(draft: RecipeDraft | null): RecipeDraft | null {
  const [settled, setSettled] = useState(draft);
  const words = JSON.stringify(draft);
  useEffect(() => {
    const timer = setTimeout(() => {
      setSettled(JSON.parse(words) as RecipeDraft | null);
    }, SETTLED_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [words]);
  return settled;
}
