import type { ReactNode } from "react";

import type { EpochRecord } from "../../api.gen.ts";
import { type Line, LineChart } from "../../design/LineChart.tsx";
import { share } from "../../words.ts";
import { bestEpoch, curvesInWords, loss } from "./words.ts";

/** How loss and accuracy went from epoch to epoch, as curves and as a table. */
export function Curves({ epochs }: { epochs: readonly EpochRecord[] }) {
  const xs = epochs.map(({ epoch }) => epoch);
  const losses: Line[] = [
    { name: "Training loss", ys: epochs.map(({ training_loss }) => training_loss), colour: "--accent" },
    { name: "Validation loss", ys: epochs.map(({ validation_loss }) => validation_loss), colour: "--suspicious", isDashed: true },
  ];
  const accuracy: Line[] = [
    { name: "Validation accuracy", ys: epochs.map(({ validation_accuracy }) => validation_accuracy), colour: "--accent" },
  ];
  return (
    <section className="card training-box" aria-labelledby="curves">
      <h2 id="curves">Epochs</h2>
      <p className="quiet">{curvesInWords(epochs)}</p>
      {epochs.length > 0 && (
        <>
          <div className="box-columns">
            <Curve title="Loss">
              <LineChart xName="Epoch" xs={xs} lines={losses} format={loss} />
            </Curve>
            <Curve title="Accuracy on the validation part">
              <LineChart xName="Epoch" xs={xs} lines={accuracy} format={share} />
            </Curve>
          </div>
          <details>
            <summary>The figures of each epoch</summary>
            <Figures epochs={epochs} />
          </details>
        </>
      )}
    </section>
  );
}

function Curve({ title, children }: { title: string; children: ReactNode }) {
  return (
    <figure className="curve">
      <figcaption>
        <h3>{title}</h3>
      </figcaption>
      {children}
    </figure>
  );
}

function Figures({ epochs }: { epochs: readonly EpochRecord[] }) {
  const best = bestEpoch(epochs);
  return (
    <div className="log-box" role="region" aria-label="Figures of each epoch" tabIndex={0}>
      <table className="plain">
        <caption className="visually-hidden">Epochs, the newest first</caption>
        <thead>
          <tr>
            {["Epoch", "Training loss", "Validation loss", "Accuracy", "Learning rate", "Images/s", "Seconds"].map((name) => (
              <th key={name} scope="col" className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {epochs.toReversed().map((one) => (
            <tr key={one.epoch}>
              <th scope="row" className="number">
                {one.epoch}
              </th>
              <td className="number">{loss(one.training_loss)}</td>
              <td className="number">
                {loss(one.validation_loss)}
                {one === best && <strong> lowest</strong>}
              </td>
              <td className="number">{share(one.validation_accuracy)}</td>
              <td className="number">{Number(one.learning_rate.toPrecision(2)).toString()}</td>
              <td className="number">{one.images_per_second.toFixed(0)}</td>
              <td className="number">{one.seconds.toFixed(1)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
