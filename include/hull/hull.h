/*
 * hull/hull.h: all that a plugin needs, in one include.
 */
#ifndef HULL_HULL_H
#define HULL_HULL_H

#include <hull/arena.h>
#include <hull/base.h>
#include <hull/call.h>
#include <hull/error.h>
#include <hull/fiber.h>
#include <hull/log.h>
#include <hull/message.h>
#include <hull/plugin.h>
#include <hull/stream.h>
#include <hull/topic.h>

#endif
