/** A step that did not end as it must; the message says what was expected. */
export class StoryFailure extends Error {
  override readonly name = "StoryFailure";
}
