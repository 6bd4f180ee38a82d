import type { AugmentationPreset, NetworkSettings, RecipeSettings } from "../../api.gen.ts";
import { Choice } from "./Choice.tsx";
import { NumberField } from "./NumberField.tsx";
import {
  AUGMENTATIONS,
  CORNERS,
  networkOf,
  NETWORKS,
  SCHEDULES,
  SIZES,
  withCorner,
  withNetwork,
  withSize,
  withTraining,
} from "./settings.ts";

interface Props {
  settings: RecipeSettings;
  /** A network whose settings nobody has touched. */
  untouched: NetworkSettings;
  onChange: (settings: RecipeSettings) => void;
}

/** What is mostly changed of a recipe; the rest of it stays as it was. */
export function CommonFields({ settings, untouched, onChange }: Props) {
  const { network, preprocess, training } = settings;
  return (
    <>
      <Choice
        label="Network"
        value={networkOf(network)}
        choices={NETWORKS}
        onChange={(choice) => {
          onChange(withNetwork(settings, choice, untouched));
        }}
      />
      <Choice
        label="Image size"
        help="Half the width is four times as fast."
        value={String(preprocess.size)}
        choices={sizesInWords(preprocess.size)}
        onChange={(size) => {
          onChange(withSize(settings, Number(size)));
        }}
      />
      <NumberField
        label="Epochs"
        help="Passes over the images, at most."
        value={training.epochs}
        min={1}
        max={1000}
        onChange={(epochs) => {
          onChange(withTraining(settings, { epochs }));
        }}
      />
      <NumberField
        label="Ends early after"
        help="Epochs without a lower validation loss; 0: never."
        value={training.patience}
        min={0}
        max={1000}
        onChange={(patience) => {
          onChange(withTraining(settings, { patience }));
        }}
      />
    </>
  );
}

function sizesInWords(own: number): Record<string, string> {
  return Object.fromEntries([...new Set([...SIZES, own])].map((size) => [String(size), `${String(size)} × ${String(size)} pixels`]));
}

/** What is seldom changed. */
export function SeldomFields({ settings, onChange }: Omit<Props, "untouched">) {
  const { training } = settings;
  const change = (changes: Partial<typeof training>) => {
    onChange(withTraining(settings, changes));
  };
  return (
    <>
      <Choice<AugmentationPreset | "own">
        label="Augmentation"
        value={typeof training.augmentation === "string" ? training.augmentation : "own"}
        choices={typeof training.augmentation === "string" ? AUGMENTATIONS : { ...AUGMENTATIONS, own: "Of its own" }}
        onChange={(augmentation) => {
          if (augmentation !== "own") {
            change({ augmentation });
          }
        }}
      />
      <NumberField
        label="Batch"
        help="Images a step."
        value={training.batch_size}
        min={2}
        max={1024}
        onChange={(batch_size) => {
          change({ batch_size });
        }}
      />
      <NumberField
        label="Learning rate"
        help="Of Adam, the highest of the run."
        value={training.learning_rate}
        min={0.000001}
        max={1}
        step="any"
        onChange={(learning_rate) => {
          change({ learning_rate });
        }}
      />
      <Choice
        label="The learning rate"
        value={training.schedule}
        choices={SCHEDULES}
        onChange={(schedule) => {
          change({ schedule });
        }}
      />
      <NumberField
        label="To validate"
        help="Share of the groups, 0 to 1; the epoch is chosen by it."
        value={training.validation_share}
        min={0.01}
        max={0.9}
        step="any"
        onChange={(validation_share) => {
          change({ validation_share });
        }}
      />
      <NumberField
        label="Held out"
        help="Share of the groups, 0 to 1; the model is measured on it."
        value={training.test_share}
        min={0.01}
        max={0.9}
        step="any"
        onChange={(test_share) => {
          change({ test_share });
        }}
      />
      <NumberField
        label="Seed"
        help="The same one gives the same split and model."
        value={training.seed}
        min={0}
        onChange={(seed) => {
          change({ seed });
        }}
      />
      <Corners settings={settings} onChange={onChange} />
      <label className="check">
        <input
          type="checkbox"
          checked={settings.allow_leaks}
          onChange={({ target }) => {
            onChange({ ...settings, allow_leaks: target.checked });
          }}
        />
        <span>
          <strong>Train although parts of the split share images</strong>
          <span className="quiet">The model&apos;s card then says so. Locked test sets stay locked.</span>
        </span>
      </label>
    </>
  );
}

function Corners({ settings, onChange }: Omit<Props, "untouched">) {
  const covered = settings.preprocess.corner_mask?.corners ?? [];
  return (
    <fieldset className="choices corners">
      <legend>Covered corners</legend>
      <p className="quiet">Where a scale bar or a stamp tells the class. What is covered here is covered in service too.</p>
      {(Object.keys(CORNERS) as (keyof typeof CORNERS)[]).map((corner) => (
        <label key={corner}>
          <input
            type="checkbox"
            checked={covered.includes(corner)}
            onChange={({ target }) => {
              onChange(withCorner(settings, corner, target.checked));
            }}
          />
          <span>{CORNERS[corner]}</span>
        </label>
      ))}
    </fieldset>
  );
}
