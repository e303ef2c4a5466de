/**
 * The iSCSI target engine: portals, login, sessions, SCSI commands, ALUA. It knows a {@link
 * io.bascule.core.volume.Volume} and nothing else of the appliance.
 *
 * <p>The protocol itself ({@code Connection}, {@code Login}, {@code Session}) does no I/O: bytes go
 * in, PDUs come out through a {@code Wire}. Around it {@link io.bascule.iscsi.IscsiTarget} has one
 * blocking platform thread per connection and a small pool for work that waits for a disk.
 */
@org.jspecify.annotations.NullMarked
package io.bascule.iscsi;
