import { CircleAlert, CircleCheck, TriangleAlert } from "lucide-react";
import { type ReactNode, useId } from "react";

import type { DatasetReport, ReportedDuplicates } from "../../api.gen.ts";
import { countsInWords, duplicatesInWords, labelInWords } from "./report.ts";
import { Examples } from "./Examples.tsx";
import { Clashes, Shared } from "./Obstacles.tsx";
import { Shortcuts } from "./Shortcuts.tsx";
import { Classes, Sizes } from "./Tables.tsx";

interface Props {
  report: DatasetReport;
  /** Where its picture lies; null where there is none. */
  sheet: string | null;
}

/** What a dry run found, what to mind first. */
export function Report({ report, sheet }: Props) {
  return (
    <div className="report-parts">
      <Minds warnings={report.warnings} />
      <Shared report={report} />
      <Clashes report={report} />
      <Part title="Files that cannot be read" none="Every image can be read." count={report.unreadable_count} items={report.unreadable}>
        {({ path, reason }) => (
          <li key={path}>
            <code>{path}</code> <span className="quiet">{reason}</span>
          </li>
        )}
      </Part>
      <section className="part">
        <h3>What it holds</h3>
        <dl className="told">
          {countsInWords(report).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <div className="side-by-side">
          <Classes classes={report.classes} />
          <Sizes sizes={report.sizes} />
        </div>
      </section>
      <Part title="Duplicates" none="No two images are the same." count={report.duplicate_count} items={report.duplicates}>
        {(same) => <Same key={same.paths.join("\n")} same={same} />}
      </Part>
      <Shortcuts predictors={report.predictors} />
      {report.left_out.length > 0 && (
        <Part title="Left out" none="" count={report.left_out.length} items={report.left_out}>
          {(words) => <li key={words}>{words}</li>}
        </Part>
      )}
      {sheet !== null && (
        <section className="part sheet">
          <h3>Some of the images</h3>
          <a href={sheet} target="_blank" rel="noreferrer" title="Open it at full size">
            <img src={sheet} alt={sheetInWords(report)} loading="lazy" />
          </a>
        </section>
      )}
    </div>
  );
}

function sheetInWords({ classes }: DatasetReport): string {
  return `Up to ten images of each class: ${classes.map(({ name, is_all }) => `${name} (${labelInWords(is_all)})`).join(", ")}; then duplicates.`;
}

function Minds({ warnings }: { warnings: readonly string[] }) {
  const id = useId();
  if (warnings.length === 0) {
    return (
      <p className="verdict whole">
        <CircleCheck aria-hidden="true" /> <span>The dry run has no warning.</span>
      </p>
    );
  }
  return (
    <section className="to-mind" aria-labelledby={id}>
      <h3 id={id}>
        <TriangleAlert aria-hidden="true" /> To mind
      </h3>
      <ul>
        {warnings.map((words) => (
          <li key={words}>{words}</li>
        ))}
      </ul>
    </section>
  );
}

function Same({ same }: { same: ReportedDuplicates }) {
  return (
    <li>
      <span className={same.crosses_labels ? "with-icon contradiction" : undefined}>
        {same.crosses_labels && <CircleAlert aria-hidden="true" className="small" />} {duplicatesInWords(same)}
      </span>
      <ul>
        {same.paths.map((path) => (
          <li key={path}>
            <code>{path}</code>
          </li>
        ))}
      </ul>
    </li>
  );
}

interface PartProps<Item> {
  title: string;
  none: string;
  count: number;
  items: readonly Item[];
  children: (item: Item) => ReactNode;
}

/** A part with a list, or with what it says where there is nothing to list. */
function Part<Item>({ title, none, count, items, children }: PartProps<Item>) {
  return (
    <section className="part">
      <h3>
        {title} {count > 0 && <span className="quiet">({count.toLocaleString("en")})</span>}
      </h3>
      {count === 0 ? (
        <p className="quiet">{none}</p>
      ) : (
        <Examples count={count} items={items}>
          {children}
        </Examples>
      )}
    </section>
  );
}
