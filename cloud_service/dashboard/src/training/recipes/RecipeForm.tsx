import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { GraduationCap } from "lucide-react";
import { type SyntheticEvent, useId, useState } from "react";

import { Refusal } from "../../admin/DialogForm.tsx";
import { Field } from "../../admin/Field.tsx";
import type { DatasetView, RecipePreset, RecipeSettings, RecipeView } from "../../api.gen.ts";
import { startJob } from "../jobs/api.ts";
import { saveRecipe } from "./api.ts";
import { DatasetChoice } from "./DatasetChoice.tsx";
import { Estimate } from "./Estimate.tsx";
import { begun } from "./beginning.ts";
import { CommonFields, SeldomFields } from "./SettingsFields.tsx";
import { draftOf, offered, stillOffered } from "./settings.ts";

interface Props {
  presets: readonly RecipePreset[];
  recipes: readonly RecipeView[];
  datasets: readonly DatasetView[];
  /** The version that the new one begins from; null: from the first preset. */
  former: RecipeView | null;
}

/** The form of a recipe, and the two things to do with it: train by it, or keep it. */
export function RecipeForm({ presets, recipes, datasets, former }: Props) {
  const navigate = useNavigate();
  const [wish, setWish] = useState(() => begun(presets, recipes, datasets, former));
  const offers = offered(datasets);
  const chosen = stillOffered(offers, wish.datasets);
  const draft = draftOf(wish.settings, chosen);
  const saved = async () => {
    if (draft === null) {
      throw new Error("Choose a data set first, and leave no field empty.");
    }
    return saveRecipe(wish.name.trim(), draft);
  };
  const keeping = useMutation({
    mutationFn: saved,
    onSuccess: ({ id }) => navigate({ to: "/training/recipes/$recipeId", params: { recipeId: id } }),
  });
  const training = useMutation({
    mutationFn: async () => startJob((await saved()).id),
    onSuccess: ({ id }) => navigate({ to: "/training/jobs/$jobId", params: { jobId: id } }),
  });
  const isSending = keeping.isPending || training.isPending;
  const change = (changes: Partial<typeof wish>) => {
    setWish((before) => ({ ...before, ...changes }));
  };
  const plain = presets[0]?.settings.network ?? wish.settings.network;
  const setSettings = (settings: RecipeSettings) => {
    change({ settings });
  };
  return (
    <form
      className="training-form"
      onSubmit={(event) => {
        event.preventDefault();
        // Enter trains; the other button says by itself that it was chosen.
        const chosen = event.nativeEvent.submitter?.getAttribute("value");
        (chosen === "keep" ? keeping : training).mutate();
      }}
    >
      <div className="form-and-estimate">
        <div className="training-form">
          <section className="card training-box" aria-labelledby="recipe">
            <h2 id="recipe">Recipe</h2>
            <Name
              recipes={recipes}
              name={wish.name}
              onChange={(name) => {
                change({ name });
              }}
            />
            <Begin presets={presets} settings={wish.settings} onChange={setSettings} />
            <Field label="What it is for" help="In your words; the recipe keeps it.">
              {(wiring) => (
                <input
                  {...wiring}
                  type="text"
                  maxLength={2000}
                  value={wish.settings.description}
                  onChange={({ target }) => {
                    setSettings({ ...wish.settings, description: target.value });
                  }}
                />
              )}
            </Field>
          </section>
          <section className="card training-box" aria-labelledby="data">
            <h2 id="data">Data sets</h2>
            <DatasetChoice
              offers={offers}
              chosen={chosen}
              onChange={(versions) => {
                change({ datasets: versions });
              }}
            />
          </section>
          <section className="card training-box" aria-labelledby="settings">
            <h2 id="settings">Settings</h2>
            <div className="two">
              <CommonFields settings={wish.settings} untouched={plain} onChange={setSettings} />
            </div>
            <details onInvalidCapture={unfold}>
              <summary>More settings</summary>
              <div className="two more">
                <SeldomFields settings={wish.settings} onChange={setSettings} />
              </div>
            </details>
          </section>
        </div>
        <div className="beside-form">
          <Estimate draft={draft} />
          <Refusal error={training.error ?? keeping.error} />
          <div className="buttons">
            <button type="submit" className="primary" disabled={isSending || draft === null}>
              <GraduationCap aria-hidden="true" /> {training.isPending ? "Starting…" : "Train"}
            </button>
            <button type="submit" value="keep" disabled={isSending || draft === null}>
              {keeping.isPending ? "Keeping…" : "Keep the recipe only"}
            </button>
          </div>
        </div>
      </div>
    </form>
  );
}

function Name({ recipes, name, onChange }: { recipes: readonly RecipeView[]; name: string; onChange: (name: string) => void }) {
  const known = useId();
  const newest = recipes.find((one) => one.name === name.trim());
  return (
    <>
      <Field
        label="Name"
        help={newest === undefined ? "The model that comes out is called so." : `It becomes version ${String(newest.number + 1)}, if it says anything new.`}
      >
        {(wiring) => (
          <input
            {...wiring}
            type="text"
            required
            maxLength={100}
            pattern="[A-Za-z0-9][A-Za-z0-9 ._+\-]*"
            title="Letters, digits, blanks, and . _ + -"
            autoComplete="off"
            list={known}
            value={name}
            onChange={({ target }) => {
              onChange(target.value);
            }}
          />
        )}
      </Field>
      <datalist id={known}>
        {[...new Set(recipes.map((one) => one.name))].map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </>
  );
}

interface BeginProps {
  presets: readonly RecipePreset[];
  settings: RecipeSettings;
  onChange: (settings: RecipeSettings) => void;
}

/** Takes all settings of a preset; the description stays. */
function Begin({ presets, settings, onChange }: BeginProps) {
  return (
    <fieldset className="choices">
      <legend>Begin from</legend>
      {presets.map((preset) => (
        <label key={preset.name}>
          <input
            type="radio"
            name="preset"
            checked={settings.preset === preset.name}
            onChange={() => {
              onChange({ ...preset.settings, description: settings.description });
            }}
          />
          <span>
            <strong>{preset.title}</strong> <span className="quiet">{preset.description}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** What is wrong with a field a browser says only where it is seen: folded away, it hindered the training without a word. */
function unfold({ currentTarget }: SyntheticEvent<HTMLDetailsElement>): void {
  currentTarget.open = true;
}
