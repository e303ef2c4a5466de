package io.bascule.controller.service;

import io.bascule.core.api.ApplianceView;

/** The appliance as a whole. */
public interface ApplianceService {
  ApplianceView view();
}
