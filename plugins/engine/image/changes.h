/*
 * changes.h: the words of the instructions that import and commit take (changes.c).
 *
 * Words are as in a Dockerfile: quotes and backslashes, and $VAR, ${VAR}, ${VAR:-word} and
 * ${VAR:+word} from the environment of the configuration as it is by then.
 */
#ifndef ENGINE_IMAGE_CHANGES_H
#define ENGINE_IMAGE_CHANGES_H

#include "engine.h"

/* One instruction being applied. */
struct change {
    struct hull_arena *arena;
    struct image_config *config;
    struct hull_problem *problem;
    const char *name;
    const char *rest; /* behind the name, without blanks around it */
    bool *cmd_set;    /* a CMD came before, in the same list */
};

/* The next word of *TEXT, which moves behind it (to its end, blanks and all, when WHOLE), in the
 * change's arena; NULL when it is malformed. */
const char *change_word(struct change *change, const char **text, bool whole);
/* All words of the rest; HULL_INVALID with the problem set when one is malformed. */
int change_words(struct change *change, struct hull_strv *ret);
/* HULL_INVALID, with the problem saying that the rest is no proper text. */
int change_malformed(struct change *change);
/* TEXT as a JSON list of strings, or false: it is something else. */
bool change_list(struct change *change, const char *text, struct hull_strv *ret);
/* What TEXT runs: its words in the exec form, or else the shell with TEXT as its line. */
struct hull_strv change_command(struct change *change, const char *text);

#endif
