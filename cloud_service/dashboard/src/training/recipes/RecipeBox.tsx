import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { Asked } from "../../admin/Asked.tsx";
import type { RecipeDocument } from "../../api.gen.ts";
import { recipeQuery } from "./api.ts";
import { settingsInWords } from "./settings.ts";

/** What a version of a recipe says, in a box of the page. */
export function RecipeBox({ recipeId }: { recipeId: string }) {
  const found = useQuery(recipeQuery(recipeId));
  return (
    <section className="card training-box" aria-labelledby="recipe">
      <h2 id="recipe">Recipe</h2>
      <Asked query={found} what="the recipe">
        {({ document }) => <Settings document={document} />}
      </Asked>
    </section>
  );
}

function Settings({ document }: { document: RecipeDocument }) {
  return (
    <>
      {document.description !== "" && <p>{document.description}</p>}
      <dl className="told">
        <div>
          <dt>Data sets</dt>
          <dd>
            <ul>
              {document.datasets.map(({ id, name, number }) => (
                <li key={id}>
                  <Link to="/training/datasets/$datasetId" params={{ datasetId: id }}>
                    {name}, version {number}
                  </Link>
                </li>
              ))}
            </ul>
          </dd>
        </div>
        {settingsInWords(document).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
