import type { Confusion as Counts } from "../../api.gen.ts";
import { share } from "../../words.ts";

/** How often a model said what, beside what the images are; with the share of each row, and shaded by it. */
export function Confusion({ name, counts }: { name: string; counts: Counts }) {
  const { hits, misses, alarms, passes } = counts;
  return (
    <table className="confusion">
      <caption>{name}</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">said suspicious</th>
          <th scope="col">said no blast features</th>
        </tr>
      </thead>
      <tbody>
        <Row name="are ALL" first={hits} second={misses} isRight={0} />
        <Row name="are not ALL" first={alarms} second={passes} isRight={1} />
      </tbody>
    </table>
  );
}

function Row({ name, first, second, isRight }: { name: string; first: number; second: number; isRight: 0 | 1 }) {
  const whole = first + second;
  return (
    <tr>
      <th scope="row">{name}</th>
      {[first, second].map((count, index) => {
        const part = whole === 0 ? 0 : count / whole;
        return (
          <td key={index} className={index === isRight ? "right" : "wrong"}>
            <span className="shade" style={{ opacity: part }} aria-hidden="true" />
            <span className="count">
              <strong>{count.toLocaleString("en")}</strong>
              <span>{whole === 0 ? "–" : share(part)}</span>
              <span>{index === isRight ? "right" : "wrong"}</span>
            </span>
          </td>
        );
      })}
    </tr>
  );
}
