//! Where the networks lie that learn in burn: the twin critics and the actor of soft actor-critic, and the heads. Proximal policy
//! optimisation computes its gradients by itself and is the same on every device.

use burn::tensor::Device;

/// The processor, or with the feature `gpu` the graphics card that wgpu likes best.
pub(crate) fn device() -> Device {
    #[cfg(feature = "gpu")]
    return Device::wgpu(burn::tensor::DeviceKind::DefaultDevice);
    #[cfg(not(feature = "gpu"))]
    Device::flex()
}
