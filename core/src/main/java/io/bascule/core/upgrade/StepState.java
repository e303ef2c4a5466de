package io.bascule.core.upgrade;

/** The state of one step. The names are persisted and shown: never rename one. */
public enum StepState {
  PENDING,
  RUNNING,
  DONE,
  UNDOING,
  UNDONE,
  FAILED
}
