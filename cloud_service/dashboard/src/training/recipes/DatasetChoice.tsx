import { Link } from "@tanstack/react-router";

import { plural } from "../../admin/figures.ts";
import type { DatasetView } from "../../api.gen.ts";
import { chosenInWords, type Offered } from "./settings.ts";

interface Props {
  offers: readonly Offered[];
  /** Ids of versions, one a name at most. */
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

/** Which versions of which data sets are trained on. */
export function DatasetChoice({ offers, chosen, onChange }: Props) {
  const all = offers.flatMap(({ versions }) => versions);
  const found = chosen.map((id) => all.find((one) => one.id === id)).filter((one) => one !== undefined);
  const replace = (versions: readonly DatasetView[], id: string | null) => {
    const others = chosen.filter((one) => versions.every((version) => version.id !== one));
    onChange(id === null ? others : [...others, id]);
  };
  if (offers.length === 0) {
    return (
      <p className="quiet">
        There is nothing to train on yet. <Link to="/training/datasets">Import a data set</Link> for training first.
      </p>
    );
  }
  return (
    <fieldset className="choices version-choices">
      <legend className="visually-hidden">Data sets</legend>
      {offers.map(({ name, versions }) => (
        <Offer
          key={name}
          name={name}
          versions={versions}
          chosen={versions.find(({ id }) => chosen.includes(id)) ?? null}
          onChoose={(id) => {
            replace(versions, id);
          }}
        />
      ))}
      {found.length > 1 && <p className="quiet">Together: {chosenInWords(found)}</p>}
    </fieldset>
  );
}

interface OfferProps {
  name: string;
  versions: readonly DatasetView[];
  chosen: DatasetView | null;
  onChoose: (id: string | null) => void;
}

function Offer({ name, versions, chosen, onChoose }: OfferProps) {
  const [newest] = versions;
  return (
    <div className="offer">
      <label>
        <input
          type="checkbox"
          checked={chosen !== null}
          onChange={({ target }) => {
            onChoose(target.checked ? (newest?.id ?? null) : null);
          }}
        />
        <span>
          <strong>{name}</strong>{" "}
          <span className="quiet">
            {plural((chosen ?? newest)?.images ?? 0, "image")}, {((chosen ?? newest)?.positives ?? 0).toLocaleString("en")} with ALL
          </span>
        </span>
      </label>
      {chosen !== null && (
        <select
          aria-label={`Version of ${name}`}
          value={chosen.id}
          onChange={({ target }) => {
            onChoose(target.value);
          }}
        >
          {versions.map(({ id, number }, place) => (
            <option key={id} value={id}>
              Version {number}
              {place === 0 ? ", the newest" : ""}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}
