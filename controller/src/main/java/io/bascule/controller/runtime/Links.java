package io.bascule.controller.runtime;

import io.bascule.controller.link.ChassisLink;
import io.bascule.controller.link.PeerLink;
import io.bascule.controller.link.StagingFrames;
import io.bascule.release.TrustStore;

/** What a controller has in either role: its links, its own slots, and how it leaves. */
record Links(
    ChassisLink chassis,
    PeerLink peer,
    StagingFrames.OwnSlots ownSlots,
    TrustStore trust,
    LiveFleet.Departure departure) {}
