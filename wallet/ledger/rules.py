"""Pure decisions: state, group, now to results and rows."""
