/* SPDX-License-Identifier: MIT */
/*
 * Codes to words. Every code of the enum has its own text; the compiler names
 * the one that was forgotten.
 */
#include <collector/error.h>
#include <collector/version.h>

const char *
collector_error_text(int rc)
{
    switch ((enum collector_error)rc) {
    case COLLECTOR_OK:
        return "success";
    case COLLECTOR_ERR_INVALID:
        return "malformed input";
    case COLLECTOR_ERR_TOO_BIG:
        return "over a size limit";
    case COLLECTOR_ERR_FULL:
        return "the buffer is full";
    case COLLECTOR_ERR_BUSY:
        return "busy";
    case COLLECTOR_ERR_LOCKED:
        return "another process owns the store";
    case COLLECTOR_ERR_IO:
        return "storage error";
    case COLLECTOR_ERR_NOSPACE:
        return "no space left on the storage";
    case COLLECTOR_ERR_CORRUPT:
        return "the file is damaged";
    case COLLECTOR_ERR_FOREIGN:
        return "the file is not a collector's store";
    case COLLECTOR_ERR_NEWER:
        return "the file was written by a newer version";
    case COLLECTOR_ERR_NOMEM:
        return "out of memory";
    case COLLECTOR_ERR_CANCELLED:
        return "cancelled";
    case COLLECTOR_ERR_UNSUPPORTED:
        return "not supported by this build";
    case COLLECTOR_ERR_CONFLICT:
        return "the idempotency key was used with other events";
    case COLLECTOR_ERR_EXISTS:
        return "there is a file of that name already";
    case COLLECTOR_ERR_FORK:
        return "the handle belongs to the parent process";
    case COLLECTOR_ERR_TIMEOUT:
        return "it took longer than it may";
    }
    return "unknown error";
}

const char *
collector_version(void)
{
    return COLLECTOR_VERSION;
}

int32_t
collector_version_number(void)
{
    return COLLECTOR_VERSION_NUMBER;
}
