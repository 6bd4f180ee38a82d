import type { ComparisonFigures } from "../api.gen.ts";

interface Props {
  figures: ComparisonFigures;
  challenger: string;
  champion: string | null;
}

/** What the machines say: runtimes that agree, the time of one image, the size of what the models see. */
export function EngineFigures({ figures: { parity, speed, challenger_size, champion_size }, challenger, champion }: Props) {
  return (
    <section className="card model-part" aria-labelledby="engine-title">
      <h2 id="engine-title">How it runs</h2>
      <dl className="figures engine">
        {parity !== null && (
          <div>
            <dt>torch and ONNX Runtime differ by</dt>
            <dd>
              {exponent(parity.difference)}{" "}
              <span className="quiet">
                at most in a logit, on {parity.images} images; {exponent(parity.most)} is let pass
              </span>
            </dd>
          </div>
        )}
        {speed !== null && (
          <div>
            <dt>One image takes</dt>
            <dd>
              {milliseconds(speed.challenger_milliseconds)}{" "}
              <span className="quiet">
                {speed.champion_milliseconds !== null && champion !== null && <>beside {milliseconds(speed.champion_milliseconds)} of {champion}; </>}
                median of {speed.images} images in {speed.runtime}, {speed.threads === 1 ? "one thread" : `${String(speed.threads)} threads`}
              </span>
            </dd>
          </div>
        )}
        <div>
          <dt>Sees images of</dt>
          <dd>
            {pixels(challenger_size)} <span className="quiet">{champion === null ? challenger : `${champion}: ${pixels(champion_size)}`}</span>
          </dd>
        </div>
      </dl>
    </section>
  );
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

function pixels(size: number | null): string {
  return size === null ? "not known" : `${String(size)} × ${String(size)} pixels`;
}

/** "1.2 × 10⁻⁶", which is not to be broken. */
function exponent(value: number): string {
  if (value === 0) {
    return "0";
  }
  const [digits, power] = value.toExponential(1).split("e");
  const raised = Number(power).toString().replace("-", "⁻").replaceAll(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹".charAt(Number(digit)));
  return `${digits ?? ""}\u00a0×\u00a010${raised}`;
}
