package io.bascule.host.initiator;

/**
 * What a session has been through.
 *
 * @param reconnects times it logged in again
 * @param reissued commands issued again because their connection was lost
 * @param retried commands issued again because of BUSY, a transition or the like
 * @param unitAttentions unit attentions met, each of which is a retry too
 * @param logoutRequests asynchronous messages that asked us to go
 */
public record SessionStats(
    long reconnects, long reissued, long retried, long unitAttentions, long logoutRequests) {
  public static final SessionStats NONE = new SessionStats(0, 0, 0, 0, 0);

  public SessionStats plus(SessionStats other) {
    return new SessionStats(
        reconnects + other.reconnects,
        reissued + other.reissued,
        retried + other.retried,
        unitAttentions + other.unitAttentions,
        logoutRequests + other.logoutRequests);
  }
}
