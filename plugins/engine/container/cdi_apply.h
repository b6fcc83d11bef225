/*
 * cdi_apply.h: devices that were asked for by their vendor's name.
 */
#ifndef HULL_CONTAINER_CDI_APPLY_H
#define HULL_CONTAINER_CDI_APPLY_H

#include "container.h"
#include "oci.h"

/* Add what the CDI devices of RESOURCES need to SPEC, whose resources are there. Yields. */
int cdi_apply(struct hull_call *call, const struct resources *resources, struct oci_spec *spec)
    HULL_CHECKED;

#endif
