/*
 * names.c: the words for made-up names: tempers and people of ships and the sea.
 */
#include "names.h"

#include <string.h>
#include <sys/random.h>

static const char *const adjectives[] = {
    "able",     "agile",    "alert",    "amber",    "ample",    "astute",   "azure",    "balmy",
    "bold",     "brave",    "breezy",   "bright",   "brisk",    "buoyant",  "calm",     "candid",
    "careful",  "cheerful", "clear",    "clever",   "coastal",  "cordial",  "crisp",    "curious",
    "dapper",   "daring",   "deft",     "devoted",  "diligent", "eager",    "early",    "earnest",
    "easy",     "fair",     "faithful", "fearless", "festive",  "fluent",   "fond",     "frank",
    "fresh",    "gallant",  "gentle",   "glad",     "golden",   "graceful", "grand",    "handy",
    "hardy",    "hearty",   "hopeful",  "humble",   "jaunty",   "jolly",    "keen",     "kind",
    "lively",   "loyal",    "lucid",    "lucky",    "mellow",   "merry",    "mild",     "modest",
    "nautical", "neat",     "nimble",   "noble",    "patient",  "placid",   "plucky",   "polite",
    "proud",    "prudent",  "quick",    "quiet",    "ready",    "robust",   "salty",    "serene",
    "sharp",    "sincere",  "sleek",    "smooth",   "snug",     "sober",    "spry",     "steady",
    "stout",    "sturdy",   "sunny",    "swift",    "tidal",    "tidy",     "tranquil", "true",
    "upright",  "valiant",  "vivid",    "warm",     "wise",     "witty",    "zesty",    "zealous",
};

static const char *const surnames[] = {
    "amundsen",   "anning",   "arago",      "baret",     "barents",    "batten",    "beaufort",
    "bering",     "bligh",    "bowditch",   "brunel",    "cabot",      "carpenter", "cartier",
    "chichester", "columbus", "cook",       "cousteau",  "dampier",    "davis",     "dias",
    "drake",      "earle",    "elcano",     "ericson",   "fitzroy",    "flinders",  "franklin",
    "froude",     "gama",     "gilbert",    "greely",    "halley",     "harrison",  "hensen",
    "heyerdahl",  "hudson",   "humboldt",   "ibnmajid",  "jellicoe",   "kotzebue",  "laperouse",
    "lind",       "lovelace", "lutke",      "mackenzie", "magellan",   "makarov",   "malaspina",
    "maury",      "mawson",   "mercator",   "murray",    "nansen",     "nares",     "nordenskiold",
    "parry",      "peary",    "piccard",    "polo",      "pytheas",    "quiros",    "ross",
    "scoresby",   "selkirk",  "shackleton", "slocum",    "somerville", "tasman",    "tharp",
    "thomson",    "torres",   "vancouver",  "verne",     "vespucci",   "wallis",    "weddell",
    "wilkes",     "worsley",  "zhenghe",
};

bool name_valid(const char *name)
{
    static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    size_t length = name ? strlen(name) : 0;

    return length >= 2 && length <= 255 && strspn(name, first) > 0 && strspn(name, rest) == length;
}

static unsigned draw(unsigned below)
{
    unsigned value = 0;

    while (getrandom(&value, sizeof(value), 0) != sizeof(value))
        ;
    return value % below;
}

char *name_random(struct hull_arena *arena, unsigned attempt)
{
    const char *adjective = adjectives[draw(HULL_COUNT(adjectives))];
    const char *surname = surnames[draw(HULL_COUNT(surnames))];
    unsigned range = 10;

    if (attempt < 3)
        return hull_arena_printf(arena, "%s_%s", adjective, surname);
    for (unsigned i = 6; i < attempt && range < 100000000; i += 3)
        range *= 10;
    return hull_arena_printf(arena, "%s_%s%u", adjective, surname, draw(range));
}
