package io.bascule.controller.service;

/**
 * Everything the REST API of an active controller stands on. Exists only while this controller is
 * active.
 */
public record Services(
    ApplianceService appliance,
    VolumeService volumes,
    SnapshotService snapshots,
    SpaceService space,
    HostService hosts,
    PackageService packages,
    UpgradeService upgrade,
    ControllerService controllers,
    EventService events,
    AccessService access) {}
