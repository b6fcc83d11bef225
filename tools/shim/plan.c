#include "tools/shim/plan.h"

HULL_MESSAGE_DEFINE(shim_plan, SHIM_PLAN_FIELDS)
