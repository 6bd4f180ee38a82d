import { StateSign } from "../admin/StateSign.tsx";
import { useNow } from "../admin/useNow.ts";
import type { ActivationView } from "../api.gen.ts";
import { fullTime } from "../words.ts";
import { ModelLink } from "./ModelLink.tsx";
import { pictureOf, type Stretch } from "./timeline.ts";
import { ACTIVATIONS, EVERYWHERE, scopeName } from "./words.ts";

interface Props {
  timeline: readonly ActivationView[];
  /** What stands there where nothing was in service. */
  nothing: string;
}

/** Which model was in service when, where, by whose wish and why: a picture, and the same as a table. */
export function Timeline({ timeline, nothing }: Props) {
  return (
    <section className="part" aria-labelledby="timeline-title">
      <h2 id="timeline-title">Timeline</h2>
      {timeline.length === 0 ? (
        <p className="nothing-yet">{nothing}</p>
      ) : (
        <>
          <Lanes timeline={timeline} />
          <History timeline={timeline} />
        </>
      )}
    </section>
  );
}

/** For those who see; the table below says the same. */
function Lanes({ timeline }: { timeline: readonly ActivationView[] }) {
  const picture = pictureOf(timeline, useNow());
  if (picture === null) {
    return null;
  }
  return (
    <div className="lanes card" aria-hidden="true">
      {picture.lanes.map(({ scope, stretches }) => (
        <div key={scope} className="lane">
          <span className="lane-name">{scopeName(scope)}</span>
          <span className="lane-time">
            {stretches.map((stretch) => (
              <Bar key={stretch.activation.id} stretch={stretch} />
            ))}
          </span>
        </div>
      ))}
      <div className="lane">
        <span className="lane-name" />
        <span className="lane-ends quiet">
          <span>{fullTime(picture.from)}</span>
          <span>now</span>
        </span>
      </div>
    </div>
  );
}

function Bar({ stretch: { activation, from, width, isOdd } }: { stretch: Stretch }) {
  const { model_name, model_version, from_at, until_at } = activation;
  const classes = ["stretch", isOdd && "odd", until_at === null && "open"].filter(Boolean).join(" ");
  return (
    <span
      className={classes}
      style={{ left: `${String(100 * from)}%`, width: `${String(100 * width)}%` }}
      title={`${model_name} ${model_version}, from ${fullTime(from_at)} to ${until_at === null ? "now" : fullTime(until_at)}`}
    >
      {model_name} {model_version}
    </span>
  );
}

function History({ timeline }: { timeline: readonly ActivationView[] }) {
  return (
    <table className="plain stacking history">
      <caption className="visually-hidden">What was in service, the newest first</caption>
      <thead>
        <tr>
          <th scope="col">From</th>
          <th scope="col">Until</th>
          <th scope="col">Where</th>
          <th scope="col">What</th>
          <th scope="col">By</th>
          <th scope="col">Approved by</th>
          <th scope="col">Why</th>
        </tr>
      </thead>
      <tbody>
        {timeline.map((activation) => (
          <tr key={activation.id}>
            <th scope="row">
              <time dateTime={activation.from_at}>{fullTime(activation.from_at)}</time>
            </th>
            <td data-name="Until">
              <Until activation={activation} />
            </td>
            <td data-name="Where">{scopeName(activation.scope)}</td>
            <td data-name="What">
              <span>
                {ACTIVATIONS[activation.kind]}{" "}
                <ModelLink
                  model={{
                    digest: activation.model_digest,
                    name: activation.model_name,
                    version: activation.model_version,
                  }}
                />
              </span>
            </td>
            <td data-name="By">{activation.by}</td>
            <td data-name="Approved by">{activation.approved_by ?? <span className="quiet">–</span>}</td>
            <td data-name="Why" className="why">
              {activation.reason}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Until({ activation: { scope, from_at, until_at } }: { activation: ActivationView }) {
  if (until_at === null) {
    return <StateSign kind="good" words="In service" />;
  }
  if (until_at === from_at && scope !== EVERYWHERE) {
    return <span>Ended at once: the model of all sites answers there again</span>;
  }
  return <time dateTime={until_at}>{fullTime(until_at)}</time>;
}
