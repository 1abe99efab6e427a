// docs/operators.md: every operator, from the operators' own tables and a report of the suites.
#pragma once

#include "tests/suites/suites.h"

namespace gesso::suites {

std::string operators_markdown(const Report& report);

// The document without what a run of the suites put in: for machines that have none, or others.
std::string without_suites(const std::string& markdown);

// Whether a document is up to date. What the suites put in is compared only when they had the
// same number of cases.
bool up_to_date(const std::string& document, const Report& report);

}  // namespace gesso::suites
