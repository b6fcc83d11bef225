/*
 * The messages of the toy plugins, which exist for the tests of the core only.
 */
#ifndef TOYS_H
#define TOYS_H

#include <hull/hull.h>

#define TOY_ASK_FIELDS(F, T)                                             \
    F(T, STRING, _, text, "Text", 0, "What to say")                      \
    F(T, INT, _, number, "Number", 0, "How often, how long or how deep") \
    F(T, STREAM, _, stream, "Stream", 0, "To read")
HULL_MESSAGE(toy_ask, TOY_ASK_FIELDS)
#define TOY_ANSWER_FIELDS(F, T)                       \
    F(T, STRING, _, text, "Text", 0, "What was said") \
    F(T, INT, _, number, "Number", 0, "A number")
HULL_MESSAGE(toy_answer, TOY_ANSWER_FIELDS)

/* One service; several toys provide it. */
HULL_METHOD(toy, ask, toy_ask, toy_answer, 0)
HULL_METHOD(toy, many, toy_ask, toy_answer, HULL_METHOD_MANY)

/* "init", "drain", "fini" of each. */
#define TOY_STEP_FIELDS(F, T)                        \
    F(T, STRING, _, port, "Port", 0, "Which plugin") \
    F(T, STRING, _, step, "Step", 0, "What it did")
HULL_MESSAGE(toy_step, TOY_STEP_FIELDS)
extern const struct hull_topic toy_steps;

#define TOY_STEPS(port_)                                                  \
    HULL_UNUSED static int step_init(HULL_UNUSED struct hull_call *call)  \
    {                                                                     \
        hull_publish(&toy_steps, &(struct toy_step){port_, "init"});      \
        return 0;                                                         \
    }                                                                     \
    HULL_UNUSED static int step_drain(HULL_UNUSED struct hull_call *call) \
    {                                                                     \
        hull_publish(&toy_steps, &(struct toy_step){port_, "drain"});     \
        return 0;                                                         \
    }                                                                     \
    static void step_fini(void)                                           \
    {                                                                     \
        hull_publish(&toy_steps, &(struct toy_step){port_, "fini"});      \
    }

#ifdef HULL_DEFINE_TABLES
const struct hull_topic toy_steps = {"toy_steps", &toy_step_message};
#endif

#endif
