import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";

import type { ModelSummary } from "../../api.gen.ts";
import { may, useMe } from "../../session/me.ts";
import { AdminPage } from "../AdminPage.tsx";
import { Asked } from "../Asked.tsx";
import { plural } from "../figures.ts";
import { StateSign } from "../StateSign.tsx";
import { systemQuery } from "../system/api.ts";
import { useNow } from "../useNow.ts";
import { When } from "../When.tsx";
import { modelQuery, modelsQuery } from "./api.ts";
import { ModelCard } from "./ModelCard.tsx";

const route = getRouteApi("/models");

/** The models that have answered captures, and the card of the one that the address names, or of the newest. */
export function ModelsPage() {
  const models = useQuery(modelsQuery);
  const { model: named } = route.useSearch();
  const shown = named ?? models.data?.[0]?.digest;
  return (
    <AdminPage title="Models" about="Every model that has answered a capture, what it was made from, and how far it may be believed.">
      <Asked query={models} what="models">
        {(found) =>
          found.length === 0 ? (
            <div className="nothing">
              <h2>No model yet</h2>
              <p className="quiet">A model stands here once it has answered its first capture.</p>
            </div>
          ) : (
            <ModelTable models={found} shown={shown} />
          )
        }
      </Asked>
      {shown !== undefined && <Shown key={shown} digest={shown} />}
    </AdminPage>
  );
}

function Shown({ digest }: { digest: string }) {
  const model = useQuery(modelQuery(digest));
  return (
    <Asked query={model} what="the model's card">
      {(found) => <ModelCard model={found} />}
    </Asked>
  );
}

function ModelTable({ models, shown }: { models: readonly ModelSummary[]; shown: string | undefined }) {
  const now = useNow();
  const isAdministrator = may(useMe(), "see-health");
  const { data: health } = useQuery({ ...systemQuery, enabled: isAdministrator });
  return (
    <table className="plain stacking">
      <caption className="visually-hidden">Models, the newest first</caption>
      <thead>
        <tr>
          <th scope="col">Model</th>
          {isAdministrator && <th scope="col">State</th>}
          <th scope="col" className="number">
            Answers
          </th>
          <th scope="col">First used</th>
          <th scope="col">Last answer</th>
          <th scope="col">Digest</th>
        </tr>
      </thead>
      <tbody>
        {models.map((model) => (
          <tr key={model.digest} className={model.digest === shown ? "selected" : undefined}>
            <th scope="row">
              <Link to="/models" search={{ model: model.digest }} aria-current={model.digest === shown ? "true" : undefined}>
                {model.name} {model.version}
              </Link>
            </th>
            {isAdministrator && (
              <td data-name="State">
                <InUse workers={health?.workers.filter(({ alive, model_digest }) => alive && model_digest === model.digest).length} />
              </td>
            )}
            <td className="number" data-name="Answers">
              {model.answers.toLocaleString()}
            </td>
            <td data-name="First used">
              <When moment={model.first_used_at} now={now} />
            </td>
            <td data-name="Last answer">
              <When moment={model.last_used_at} now={now} />
            </td>
            <td data-name="Digest">
              <code title={model.digest}>{model.digest.slice(0, 12)}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Whether workers answer with the model now; nothing is said before it is known. */
function InUse({ workers }: { workers: number | undefined }) {
  if (workers === undefined) {
    return null;
  }
  return workers > 0 ? (
    <StateSign kind="good" words={`Active, ${plural(workers, "worker")}`} />
  ) : (
    <StateSign kind="off" words="Not in use now" />
  );
}
