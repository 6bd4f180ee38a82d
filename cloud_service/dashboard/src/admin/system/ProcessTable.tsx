import type { ReactNode } from "react";
import { useNow } from "../useNow.ts";
import { When } from "../When.tsx";

interface Process {
  name: string;
  seen_at: string;
  started_at: string;
}

interface Column<P> {
  head: string;
  /** Whether it holds figures, which stand at its right edge. */
  number?: boolean;
  cell: (process: P) => ReactNode;
}

/**
 * Processes of one kind, one a row: what each is called, its state, when it was last heard of, `columns`, and since when
 * it runs.
 */
export function ProcessTable<P extends Process>({
  caption,
  kind,
  processes,
  state,
  columns,
}: {
  caption: string;
  kind: string;
  processes: readonly P[];
  state: (process: P) => ReactNode;
  columns: readonly Column<P>[];
}) {
  const now = useNow();
  const all: readonly Column<P>[] = [
    { head: "State", cell: state },
    { head: "Last heard of", cell: ({ seen_at }) => <When moment={seen_at} now={now} /> },
    ...columns,
    { head: "Started", cell: ({ started_at }) => <When moment={started_at} now={now} /> },
  ];
  return (
    <table className="plain stacking">
      <caption className="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{kind}</th>
          {all.map(({ head, number }) => (
            <th key={head} scope="col" className={number ? "number" : undefined}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {processes.map((process) => (
          <tr key={process.name}>
            <th scope="row">{process.name}</th>
            {all.map(({ head, number, cell }) => (
              <td key={head} data-name={head} className={number ? "number" : undefined}>
                {cell(process)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
