/*
 * Kinds of errors, and errors by value: the part of hull/error.h that needs no call.
 */
#include <hull/error.h>

#include <errno.h>
#include <stdio.h>

struct kind {
    const char *name;
    int status;
};

static const struct kind kinds[] = {[HULL_OK] = {"OK", 200},
#define KIND_ROW(name, status, exit) [HULL_##name] = {#name, status},
                                    HULL_KINDS(KIND_ROW)
#undef KIND_ROW
};

static const struct kind *kind_of(int kind)
{
    unsigned at = kind < 0 ? -(unsigned)kind : (unsigned)kind;
    return &kinds[at < HULL_COUNT(kinds) ? at : HULL_INTERNAL];
}

const char *hull_kind_name(int kind)
{
    return kind_of(kind)->name;
}

int hull_kind_status(int kind)
{
    return kind_of(kind)->status;
}

enum hull_kind hull_kind_of_status(int status)
{
    for (unsigned i = HULL_OK + 1; i < HULL_COUNT(kinds); i++) {
        if (kinds[i].status == status)
            return i;
    }
    return HULL_INTERNAL;
}

static const struct {
    int err;
    enum hull_kind kind;
} errnos[] = {
    {EINVAL, HULL_INVALID},           {ENAMETOOLONG, HULL_INVALID},
    {ENOENT, HULL_NOT_FOUND},         {ENOTDIR, HULL_NOT_FOUND},
    {ESRCH, HULL_NOT_FOUND},          {ENODEV, HULL_NOT_FOUND},
    {EACCES, HULL_FORBIDDEN},         {EPERM, HULL_FORBIDDEN},
    {EROFS, HULL_FORBIDDEN},          {EEXIST, HULL_CONFLICT},
    {EBUSY, HULL_CONFLICT},           {ENOTEMPTY, HULL_CONFLICT},
    {EADDRINUSE, HULL_CONFLICT},      {EFBIG, HULL_TOO_LARGE},
    {E2BIG, HULL_TOO_LARGE},          {EMSGSIZE, HULL_TOO_LARGE},
    {ENOSYS, HULL_NOT_SUPPORTED},     {EOPNOTSUPP, HULL_NOT_SUPPORTED},
    {EAGAIN, HULL_UNAVAILABLE},       {EMFILE, HULL_UNAVAILABLE},
    {ENFILE, HULL_UNAVAILABLE},       {ENOMEM, HULL_UNAVAILABLE},
    {ECONNREFUSED, HULL_UNAVAILABLE}, {ENETUNREACH, HULL_UNAVAILABLE},
    {EHOSTUNREACH, HULL_UNAVAILABLE}, {ETIMEDOUT, HULL_TIMEOUT},
    {ENOSPC, HULL_NO_SPACE},          {EDQUOT, HULL_NO_SPACE},
    {ECANCELED, HULL_CANCELED},
};

enum hull_kind hull_kind_of_errno(int err)
{
    for (size_t i = 0; i < HULL_COUNT(errnos); i++) {
        if (errnos[i].err == err)
            return errnos[i].kind;
    }
    return HULL_IO;
}

int hull_problem_set(struct hull_problem *problem, enum hull_kind kind, const char *fmt, ...)
{
    /* Formatted aside, for an argument may be the old text. */
    char text[sizeof(problem->text)];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    problem->kind = kind;
    snprintf(problem->text, sizeof(problem->text), "%s", text);
    return -(int)kind;
}
