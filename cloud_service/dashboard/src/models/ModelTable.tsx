import { useQuery } from "@tanstack/react-query";

import { plural } from "../admin/figures.ts";
import { StateSign } from "../admin/StateSign.tsx";
import { systemQuery } from "../admin/system/api.ts";
import { useNow } from "../admin/useNow.ts";
import { When } from "../admin/When.tsx";
import type { ModelSummary } from "../api.gen.ts";
import { may, useMe } from "../session/me.ts";
import { ModelLink } from "./ModelLink.tsx";
import { ModelState } from "./ModelState.tsx";
import { shortDigest } from "./words.ts";

/** The versions, the newest first, each with its state in words. */
export function ModelTable({ models }: { models: readonly ModelSummary[] }) {
  const now = useNow();
  const workers = useWorkers();
  if (models.length === 0) {
    return (
      <div className="nothing">
        <h3>No model yet</h3>
        <p className="quiet">A model stands here once a worker has started, a training has ended or a package was uploaded.</p>
      </div>
    );
  }
  return (
    <table className="plain stacking">
      <caption className="visually-hidden">Models, the newest first</caption>
      <thead>
        <tr>
          <th scope="col">Model</th>
          <th scope="col">State</th>
          {workers !== undefined && <th scope="col">Workers</th>}
          <th scope="col" className="number">
            Answers
          </th>
          <th scope="col">Last answer</th>
          <th scope="col">Registered</th>
          <th scope="col">Digest</th>
        </tr>
      </thead>
      <tbody>
        {models.map((model) => (
          <tr key={model.digest}>
            <th scope="row">
              <ModelLink model={model} />
            </th>
            <td data-name="State">
              <ModelState model={model} />
            </td>
            {workers !== undefined && (
              <td data-name="Workers">
                <Loaded workers={workers.filter((digest) => digest === model.digest).length} />
              </td>
            )}
            <td className="number" data-name="Answers">
              {model.answers.toLocaleString("en")}
            </td>
            <td data-name="Last answer">
              <When moment={model.last_used_at} now={now} />
            </td>
            <td data-name="Registered">
              <When moment={model.registered_at} now={now} /> <span className="quiet">by {model.registered_by}</span>
            </td>
            <td data-name="Digest">
              <code title={model.digest}>{shortDigest(model.digest)}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The models that live workers have loaded, one entry a worker; undefined where that is not known, or not to be seen. */
function useWorkers(): readonly string[] | undefined {
  const isAdministrator = may(useMe(), "see-health");
  const { data: health } = useQuery({ ...systemQuery, enabled: isAdministrator });
  return health?.workers.filter(({ alive }) => alive).flatMap(({ model_digest }) => model_digest ?? []);
}

function Loaded({ workers }: { workers: number }) {
  return workers === 0 ? <span className="quiet">none</span> : <StateSign kind="good" words={plural(workers, "worker")} />;
}
