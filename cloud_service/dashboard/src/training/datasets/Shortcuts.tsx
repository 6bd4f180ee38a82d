import { TriangleAlert } from "lucide-react";

import type { ReportedPredictor } from "../../api.gen.ts";
import { isShortcut } from "./report.ts";

/** What is no cytology and yet tells the class. */
export function Shortcuts({ predictors }: { predictors: readonly ReportedPredictor[] }) {
  if (predictors.length === 0) {
    return null;
  }
  return (
    <section className="part">
      <h3>What tells the class without cytology</h3>
      <p className="quiet">
        Balanced accuracy of a random forest that sees this alone, on groups held out; 0.50 is chance. A network must clearly
        beat it.
      </p>
      <table className="plain narrow">
        <caption className="visually-hidden">Shortcuts</caption>
        <thead>
          <tr>
            <th scope="col">Seen alone</th>
            <th scope="col" className="number">
              Balanced accuracy
            </th>
            <th scope="col">Meaning</th>
          </tr>
        </thead>
        <tbody>
          {predictors.map((one) => (
            <tr key={one.name}>
              <th scope="row">{one.name.charAt(0).toUpperCase() + one.name.slice(1)}</th>
              <td className="number">{one.grouped.toFixed(2)}</td>
              <td>
                {isShortcut(one) ? (
                  <span className="with-icon contradiction">
                    <TriangleAlert aria-hidden="true" className="small" /> A shortcut
                  </span>
                ) : (
                  "Tells little"
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
