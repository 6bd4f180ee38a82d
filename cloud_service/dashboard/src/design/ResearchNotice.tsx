/** Stands wherever a result is shown: a model's answer is no diagnosis. */
export function ResearchNotice() {
  return (
    <p role="note" className="research-notice">
      <strong>For research use only.</strong>{" "}
      <span>A model answer is a preliminary finding; only a person signs a diagnosis.</span>
    </p>
  );
}
