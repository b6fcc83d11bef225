/*
 * tables.c: the tables of the OCI messages, once more, for the static program.
 */
#define HULL_DEFINE_TABLES

#include "oci.h"
