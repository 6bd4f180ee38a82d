import "./models.css";

import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";

import { AdminPage } from "../admin/AdminPage.tsx";
import { Asked } from "../admin/Asked.tsx";
import { useNow } from "../admin/useNow.ts";
import { When } from "../admin/When.tsx";
import type { ModelDetail } from "../api.gen.ts";
import { may, useMe } from "../session/me.ts";
import { modelQuery, modelsQuery } from "./api.ts";
import { Assessments } from "./Assessments.tsx";
import { CardSummary } from "./CardSummary.tsx";
import { ModelActions } from "./ModelActions.tsx";
import { ModelCard } from "./ModelCard.tsx";
import { ModelState } from "./ModelState.tsx";
import { Proposals } from "./Proposals.tsx";
import { Shadow } from "./Shadow.tsx";
import { Timeline } from "./Timeline.tsx";
import { nameOfModel } from "./words.ts";

const route = getRouteApi("/models/$digest");

/** One version of one model: what it is, how it did, and what may become of it. */
export function ModelPage() {
  const { digest } = route.useParams();
  const model = useQuery(modelQuery(digest));
  return (
    <>
      <nav className="way-back" aria-label="Way back">
        <Link to="/models">
          <ArrowLeft aria-hidden="true" /> All models
        </Link>
      </nav>
      {model.data === undefined ? (
        <div className="admin-page">
          <Asked query={model} what="the model">
            {() => null}
          </Asked>
        </div>
      ) : (
        <Loaded key={digest} model={model.data} />
      )}
    </>
  );
}

function Loaded({ model }: { model: ModelDetail }) {
  const models = useQuery(modelsQuery).data ?? [];
  const mayManage = may(useMe(), "manage-models");
  return (
    <AdminPage
      title={nameOfModel(model)}
      about="What this version is for, how it did on images that it had not seen, and how it came to be where it is."
      actions={mayManage && <ModelActions model={model} />}
    >
      <Standing model={model} />
      <Proposals digest={model.digest} />
      <div className="model-columns">
        <div className="model-column">
          <CardSummary card={model.card} />
          <Assessments model={model} />
          {mayManage && <Shadow model={model} models={models} />}
        </div>
        <ModelCard model={model} />
      </div>
      <Timeline timeline={model.timeline} nothing="It was never in service." />
    </AdminPage>
  );
}

/** Where the model stands, in one line a fact. */
function Standing({ model }: { model: ModelDetail }) {
  const now = useNow();
  const mayFollow = may(useMe(), "see-training");
  return (
    <dl className="standing card" aria-label="Where it stands">
      <div>
        <dt>State</dt>
        <dd>
          <ModelState model={model} />
        </dd>
      </div>
      <div>
        <dt>Answers</dt>
        <dd>{model.answers.toLocaleString("en")}</dd>
      </div>
      <div>
        <dt>Last answer</dt>
        <dd>
          <When moment={model.last_used_at} now={now} />
        </dd>
      </div>
      <div>
        <dt>Registered</dt>
        <dd>
          <When moment={model.registered_at} now={now} /> <span className="quiet">by {model.registered_by}</span>
        </dd>
      </div>
      {model.training_job_id !== null && mayFollow && (
        <div>
          <dt>Came out of</dt>
          <dd>
            <Link to="/training/jobs/$jobId" params={{ jobId: model.training_job_id }}>
              its training
            </Link>
          </dd>
        </div>
      )}
      <div className="whole">
        <dt>Digest of its package</dt>
        <dd>
          <code>{model.digest}</code>
        </dd>
      </div>
    </dl>
  );
}
