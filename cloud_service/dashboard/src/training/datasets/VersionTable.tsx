import { Link } from "@tanstack/react-router";

import { plural } from "../../admin/figures.ts";
import { RowMenu } from "../../admin/RowMenu.tsx";
import { StateSign } from "../../admin/StateSign.tsx";
import { useNow } from "../../admin/useNow.ts";
import { When } from "../../admin/When.tsx";
import { WithIcon } from "../WithIcon.tsx";
import type { DatasetView } from "../../api.gen.ts";
import { PURPOSES, versionInWords } from "./words.ts";

interface Props {
  versions: readonly DatasetView[];
  /** Null for those who may not. */
  onRemove: ((dataset: DatasetView) => void) | null;
}

/** Every data set as the API sorts them: by name, the newest version first. */
export function VersionTable({ versions, onRemove }: Props) {
  if (versions.length === 0) {
    return (
      <div className="nothing">
        <h2>No data set yet</h2>
        <p className="quiet">
          Import an archive of labelled images, or make a data set of signed cases. It is checked first, and kept once you have read
          what the check found.
        </p>
      </div>
    );
  }
  return (
    <table className="plain stacking">
      <caption className="visually-hidden">Data sets</caption>
      <thead>
        <tr>
          <th scope="col">Version</th>
          <th scope="col">Purpose</th>
          <th scope="col">Site</th>
          <th scope="col" className="number">
            Images
          </th>
          <th scope="col" className="number">
            ALL / not ALL
          </th>
          <th scope="col" className="number">
            Groups
          </th>
          <th scope="col">Kept</th>
          <th scope="col">Digest</th>
          {onRemove !== null && (
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          )}
        </tr>
      </thead>
      <tbody>
        {versions.map((version) => (
          <Row key={version.id} version={version} onRemove={onRemove} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ version, onRemove }: { version: DatasetView; onRemove: Props["onRemove"] }) {
  const now = useNow();
  const { icon, word, meaning } = PURPOSES[version.purpose];
  return (
    <tr data-dataset={versionInWords(version)}>
      <th scope="row">
        <Link to="/training/datasets/$datasetId" params={{ datasetId: version.id }}>
          {versionInWords(version)}
        </Link>
        {version.removed_at !== null && <StateSign kind="off" words={`Removed by ${version.removed_by ?? "nobody known"}`} />}
      </th>
      <td data-name="Purpose" title={meaning}>
        <WithIcon icon={icon}>{word}</WithIcon>
      </td>
      <td data-name="Site">{version.site ?? <span className="quiet">all</span>}</td>
      <td className="number" data-name="Images">
        {version.images.toLocaleString("en")}
      </td>
      <td className="number" data-name="ALL / not">
        {version.positives.toLocaleString("en")} / {(version.images - version.positives).toLocaleString("en")}
      </td>
      <td className="number" data-name="Groups" title={plural(version.groups, "group")}>
        {version.groups.toLocaleString("en")}
      </td>
      <td data-name="Kept">
        <When moment={version.created_at} now={now} />
      </td>
      <td data-name="Digest">
        <code className="digest" title={version.digest}>
          {version.digest.slice(0, 12)}
        </code>
      </td>
      {onRemove !== null && (
        <td className="row-actions">
          {version.removed_at === null && (
            <RowMenu
              name={versionInWords(version)}
              deeds={[
                {
                  name: "Remove…",
                  isDestructive: true,
                  onChoose: () => {
                    onRemove(version);
                  },
                },
              ]}
            />
          )}
        </td>
      )}
    </tr>
  );
}
