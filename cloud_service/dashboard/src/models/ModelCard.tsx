import { TriangleAlert } from "lucide-react";

import type { ModelDetail } from "../api.gen.ts";
import { type CardInWords, cardInWords, type HeldOut, type Line } from "./card.ts";

/** A model's card in readable form: what limits it stands before its figures. */
export function ModelCard({ model }: { model: ModelDetail }) {
  const card = cardInWords(model.card);
  return (
    <article className="model-card card" aria-label={`Card of ${model.name} ${model.version}`}>
      <h2>Model card</h2>
      <Lines lines={card.meaning} />
      <Limits card={card} />
      <section>
        <h3>How it answers</h3>
        <Lines lines={card.answering} />
      </section>
      <section>
        <h3>On images that it had not seen</h3>
        <Figures heldOut={card.heldOut} />
        <Lines lines={card.checks} />
      </section>
      <section>
        <h3>What it was made from</h3>
        <Lines lines={card.training} />
      </section>
      <details>
        <summary>The whole card, as the package holds it</summary>
        <pre tabIndex={0} aria-label="The whole card">
          {JSON.stringify(model.card, null, 2)}
        </pre>
      </details>
    </article>
  );
}

function Limits({ card: { limits, shortcuts } }: { card: CardInWords }) {
  if (limits.length + shortcuts.length === 0) {
    return null;
  }
  return (
    <section id="limits" className="limits">
      <h3>
        <TriangleAlert aria-hidden="true" /> Limits
      </h3>
      <ul>
        {[...limits, ...shortcuts].map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </section>
  );
}

function Lines({ lines }: { lines: readonly Line[] }) {
  if (lines.length === 0) {
    return null;
  }
  return (
    <dl>
      {lines.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Figures({ heldOut }: { heldOut: readonly HeldOut[] }) {
  if (heldOut.length === 0) {
    return <p className="quiet">The card gives no figures.</p>;
  }
  return (
    <table className="plain stacking">
      <caption className="visually-hidden">Figures with their 95 % intervals</caption>
      <thead>
        <tr>
          <th scope="col">Images</th>
          <th scope="col">Sensitivity</th>
          <th scope="col">Specificity</th>
          <th scope="col">Area under ROC</th>
          <th scope="col">Accuracy</th>
        </tr>
      </thead>
      <tbody>
        {heldOut.map(({ title, sensitivity, specificity, auc, accuracy }) => (
          <tr key={title}>
            <th scope="row">{title}</th>
            <td data-name="Sensitivity">{sensitivity}</td>
            <td data-name="Specificity">{specificity}</td>
            <td data-name="Area under ROC">{auc}</td>
            <td data-name="Accuracy">{accuracy}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
