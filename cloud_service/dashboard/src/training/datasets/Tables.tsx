import { plural } from "../../admin/figures.ts";
import type { DatasetReport } from "../../api.gen.ts";
import { labelInWords } from "./report.ts";

const SIZES_SHOWN = 6;

/** The classes as the data set calls them. */
export function Classes({ classes }: Pick<DatasetReport, "classes">) {
  return (
    <table className="plain">
      <caption className="visually-hidden">Classes</caption>
      <thead>
        <tr>
          <th scope="col">Class</th>
          <th scope="col">Label</th>
          <th scope="col" className="number">
            Images
          </th>
        </tr>
      </thead>
      <tbody>
        {classes.map(({ name, is_all, images }) => (
          <tr key={`${name} ${String(is_all)}`}>
            <th scope="row">{name}</th>
            <td>{labelInWords(is_all)}</td>
            <td className="number">{images.toLocaleString("en")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The sizes of its images, the first few. */
export function Sizes({ sizes }: Pick<DatasetReport, "sizes">) {
  return (
    <table className="plain">
      <caption className="visually-hidden">Sizes of the images</caption>
      <thead>
        <tr>
          <th scope="col">Pixels</th>
          <th scope="col" className="number">
            ALL
          </th>
          <th scope="col" className="number">
            Not ALL
          </th>
        </tr>
      </thead>
      <tbody>
        {sizes.slice(0, SIZES_SHOWN).map(({ width, height, with_all, without }) => (
          <tr key={`${String(width)} ${String(height)}`}>
            <th scope="row">
              {width} × {height}
            </th>
            <td className="number">{with_all.toLocaleString("en")}</td>
            <td className="number">{without.toLocaleString("en")}</td>
          </tr>
        ))}
        {sizes.length > SIZES_SHOWN && (
          <tr>
            <td colSpan={3} className="quiet">
              and {plural(sizes.length - SIZES_SHOWN, "other size")}
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}
