import type { ReactNode } from "react";

const SHOWN_AT_ONCE = 8;

interface Props<Item> {
  /** Of all there are; `items` are some of them. */
  count: number;
  items: readonly Item[];
  children: (item: Item) => ReactNode;
}

/** A list of what a dry run found: the first few at once, the rest when it is asked for, and how many there are in all. */
export function Examples<Item>({ count, items, children }: Props<Item>) {
  const rest = items.slice(SHOWN_AT_ONCE);
  return (
    <>
      <ul className="paths">{items.slice(0, SHOWN_AT_ONCE).map(children)}</ul>
      {rest.length > 0 && (
        <details>
          <summary>{rest.length.toLocaleString("en")} more</summary>
          <ul className="paths">{rest.map(children)}</ul>
        </details>
      )}
      {count > items.length && <p className="quiet">These are examples of {count.toLocaleString("en")}.</p>}
    </>
  );
}
