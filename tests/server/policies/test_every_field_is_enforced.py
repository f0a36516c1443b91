"""Every key of a policy file has a test that sees its effect; a key that nothing enforces fails.

Where the effect is the sandbox's, the tests named run over every engine (the fixtures `engine` and
`attacker`); where it is the service's own, no engine has a part in it.
"""

from typing import Final

import pytest
from support import named_tests

from assize_server.policies.reference import keys

# A key, or how several keys begin, and below it the tests, from `tests/` on.
# `test_bomb_ends_at_its_own_limit` has a bomb of inodes, one of descriptors and a large file.
# What `tests` say is held against the rules of their file whenever it is read.
TABLE: Final = """\
apiVersion
  server/policies/test_load.py::test_wrong_file_is_refused_with_line_and_column
layer
  server/policies/test_effects.py::test_wrong_rule_is_refused_at_its_line
  server/policies/test_teams.py::test_both_files_rules_hold_and_their_obligations_combine
tightens
  server/policies/test_teams.py::test_team_tightens_what_it_gives_and_has_the_rest_from_the_organisation
name
  server/policies/test_load.py::test_set_of_policies_is_read_by_name_and_in_order
  server/rpc/test_policies.py::test_unknown_policy_is_not_found
owner
  server/policies/test_load.py::test_digest_changes_with_each_value
description
  server/policies/test_load.py::test_digest_changes_with_each_value
limits.wall_seconds
  sandbox/conformance/test_limits.py::test_program_that_sleeps_is_stopped_by_the_wall_clock
limits.cpu_seconds
  sandbox/conformance/test_limits.py::test_program_that_burns_cpu_is_stopped_by_its_cpu_time
limits.memory_mb
  sandbox/conformance/test_limits.py::test_program_that_eats_memory_is_killed_for_it
limits.pids
  sandbox/conformance/test_limits.py::test_program_that_forks_on_and_on_meets_the_process_limit
limits.cpu_cores
  server/test_doctor.py::test_all_that_is_needed_passes_here
  sandbox/runc/test_runc_config.py::test_each_limit_of_a_shape_reaches_the_cgroup
limits.output_mb
  sandbox/conformance/test_endings.py::test_output_over_what_is_kept_is_output_limit_with_head_tail_and_true_size
limits.disk_mb
  sandbox/conformance/test_limits.py::test_program_that_fills_the_disk_meets_the_disk_limit
limits.disk_inodes
  sandbox/attacks/test_exhaustion.py::test_bomb_ends_at_its_own_limit
limits.file_mb
  sandbox/attacks/test_exhaustion.py::test_bomb_ends_at_its_own_limit
limits.open_files
  sandbox/attacks/test_exhaustion.py::test_bomb_ends_at_its_own_limit
analysis.ruff.select
  server/analysis/test_policy_fields.py::test_ruff_finds_what_is_selected_and_not_ignored
analysis.ruff.ignore
  server/analysis/test_policy_fields.py::test_ruff_finds_what_is_selected_and_not_ignored
analysis.ruff.block
  server/analysis/test_policy_fields.py::test_what_is_blocked_is_an_error_and_the_rest_a_warning
  server/execution/test_executor.py::test_blocking_finding_skips_the_execution
analysis.mypy.strictness
  server/analysis/test_guest.py::test_strict_wants_annotations
  server/analysis/test_guest.py::test_strictness_off_runs_no_mypy
analysis.mypy.block
  server/analysis/test_policy_fields.py::test_what_is_blocked_is_an_error_and_the_rest_a_warning
analysis.suppressions
  server/analysis/test_guest.py::test_suppressed_type_error_is_found
  server/analysis/test_guest.py::test_suppressions_count_where_the_policy_says_so
assurance.least
  server/execution/test_shared_suites.py::test_right_candidate_does_not_pass_the_default_policy
  server/core/test_conclusion.py::test_shared_pass_is_denied_where_the_policy_asks_for_more
assurance.objects
  server/core/test_conclusion.py::test_pass_that_leans_on_objects_is_unverifiable_where_the_policy_refuses_it
engine.least_isolation
  server/core/test_isolation.py::test_user_namespace_counts_only_where_it_was_seen_to_hold
  server/landing/test_policy_keys.py::test_engine_that_the_policy_does_not_take_is_refused_before_anything_runs
engine.allow
  server/core/test_isolation.py::test_engine_that_is_not_allowed_is_refused_by_name
  server/landing/test_policy_keys.py::test_engine_that_the_policy_does_not_take_is_refused_before_anything_runs
feedback.to_submitter
  server/core/test_feedback.py::test_less_feedback_never_quotes_an_expected_value
static.fail
  server/core/test_static_checks.py::test_only_a_rule_that_fails_makes_an_error
  server/analysis/test_static.py::test_match_is_told_at_its_place_with_what_it_does
static.hold
  server/landing/test_held_before.py::test_nothing_runs_before_a_person_agrees
  server/analysis/test_static.py::test_match_is_told_at_its_place_with_what_it_does
static.warn
  server/analysis/test_static.py::test_match_is_told_at_its_place_with_what_it_does
default
  server/landing/test_policy_keys.py::test_what_no_rule_names_is_the_defaults
rules[].id
  server/core/test_weighing.py::test_explanation_names_layer_and_every_rule_that_is_about_the_effect
rules[].why
  server/core/test_weighing.py::test_first_of_equally_strict_rules_decides_with_its_approval
rules[].match.kind
  server/policies/test_effects.py::test_any_stands_for_all_kinds_and_leaves_special_to_denials
rules[].match.path
  server/core/test_weighing.py::test_strictest_rule_decides_whatever_the_order
rules[].match.table
  server/core/test_weighing.py::test_change_of_an_unknown_table_is_never_allowed_for_one_that_is_named
rules[].match.over_bytes
  server/core/test_weighing.py::test_size_decides_where_a_rule_asks_for_it
rules[].then
  server/landing/test_landing.py::test_denied_effects_fail_the_run_and_nobody_is_asked
  server/landing/test_landing.py::test_held_effects_wait_and_the_workspace_stays_as_it_was
  server/core/test_weighing.py::test_strictest_rule_decides_whatever_the_order
rules[].limits.count
  server/landing/test_policy_keys.py::test_what_is_beyond_a_budget_is_held
  server/core/test_weighing.py::test_budget_counts_in_order_of_path_and_holds_what_is_beyond
rules[].limits.bytes
  server/landing/test_policy_keys.py::test_what_is_beyond_a_budget_is_held
  server/core/test_weighing.py::test_budget_of_bytes_holds_all_that_comes_after
static.approval.
  server/core/test_layers.py::test_hold_before_execution_that_nobody_could_end_fails
default_approval.
  server/core/test_weighing.py::test_hold_without_anybody_to_ask_denies
  server/policies/test_effects.py::test_default_that_holds_says_who_decides
rules[].approval.
  server/landing/test_policy_keys.py::test_approval_of_the_rule_is_what_the_hold_asks_for
  server/core/test_weighing.py::test_holds_of_a_run_need_one_approval_that_meets_all
tests[].
  server/policies/test_effects.py::test_tests_of_a_file_become_records
  server/policies/test_effects.py::test_wrong_rule_is_refused_at_its_line
"""


def seen_by() -> dict[str, list[str]]:
    """Return the tests of each key, or of each beginning of keys."""
    found: dict[str, list[str]] = {}
    tests: list[str] = []
    for line in TABLE.splitlines():
        if line.startswith(" "):
            tests.append(line.strip())
        else:
            tests = found.setdefault(line, [])
    return found


def named_for(key: str) -> list[str]:
    """Return the tests that see what a key does."""
    table = seen_by()
    starts = (start for start in table if start[-1] == "." and key.startswith(start))
    return table.get(key) or table.get(next(starts, ""), [])


@pytest.mark.parametrize("key", keys())
def test_key_has_a_test_that_sees_its_effect(key: str) -> None:
    """A field that some part of the service ignores is a bug; this is where it shows."""
    named = named_for(key)
    assert named, f"{key}: name the test that sees its effect"
    for test in named:
        path, _, name = test.partition("::")
        assert name in named_tests.tests_of(f"tests/{path}"), f"{key}: there is no {test}"


def test_no_key_is_listed_that_is_not_in_the_form() -> None:
    """What was renamed or removed takes its entry along."""
    unknown = [
        entry
        for entry in seen_by()
        if not any(key == entry or (entry[-1] == "." and key.startswith(entry)) for key in keys())
    ]
    assert unknown == []
