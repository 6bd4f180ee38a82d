import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

import type { CaseCounts } from "../api.gen.ts";
import { TABS, tidy, USUAL, type WorklistSearch } from "./search.ts";
import { countOf, TAB_WORDS } from "./words.ts";

/** The parts of the worklist, with how many cases each holds. */
export function QueueTabs({ search, counts }: { search: WorklistSearch; counts: CaseCounts | undefined }) {
  const chosen = search.queue ?? USUAL.queue;
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    // On a phone it may stand beyond the edge.
    list.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [chosen]);
  return (
    <nav className="queues" aria-label="Parts of the worklist">
      <ul ref={list}>
        {TABS.map((tab) => {
          const { icon: Icon, word, meaning } = TAB_WORDS[tab];
          const count = counts === undefined ? null : countOf(counts, tab);
          return (
            <li key={tab}>
              <Link
                to="/worklist"
                search={tidy({ ...search, queue: tab })}
                className={`queue ${tab} ${count === 0 ? "empty" : ""}`}
                activeOptions={{ exact: true }}
                aria-current={tab === chosen ? "page" : undefined}
                title={meaning}
              >
                <Icon aria-hidden="true" className="small" />
                {word} <span className="queue-count">{count?.toLocaleString("en") ?? "–"}</span>
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}
