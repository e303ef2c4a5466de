package io.bascule.core.api;

import org.jspecify.annotations.Nullable;

/**
 * An error answer, RFC 9457, {@code application/problem+json}.
 *
 * @param code stable, see {@link ErrorCode}
 * @param detail what is wrong and what to do
 * @param cancel with REVISION_CHANGED and CANCEL_*: the preview as it is now
 * @param prechecks with PRECHECK_FAILED: which ones
 */
public record Problem(
    String type,
    String title,
    int status,
    String code,
    String detail,
    @Nullable CancelView cancel,
    UpgradeView.@Nullable Prechecks prechecks) {}
