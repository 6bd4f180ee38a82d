import { Link } from "@tanstack/react-router";

import { nameOfModel, shortDigest } from "./words.ts";

interface Props {
  model: { digest: string; name: string; version: string };
}

/** A model by its name, with the page of it behind. */
export function ModelLink({ model }: Props) {
  return (
    <Link to="/models/$digest" params={{ digest: model.digest }} title={model.digest}>
      {nameOfModel(model)}
    </Link>
  );
}

/** A model of which perhaps only the digest is known. */
export function ModelOf({ digest, models }: { digest: string; models: readonly { digest: string; name: string; version: string }[] | undefined }) {
  const model = models?.find((one) => one.digest === digest);
  return model === undefined ? <code title={digest}>{shortDigest(digest)}</code> : <ModelLink model={model} />;
}
